import { expect, it } from "vitest";
import { wants } from "./endpoint.ts";

it("wants what it names, and what begins with what it names up to a dot", () => {
  const types = ["member.*", "channel.vacated"];
  const wanted = ["member.joined", "member.left.late", "channel.vacated"];
  for (const type of wanted) expect([type, wants({ types }, type)]).toEqual([type, true]);
  const others = ["members.joined", "member", "channel.vacated.x", "channel.occupied", "order.paid"];
  for (const type of others) expect([type, wants({ types }, type)]).toEqual([type, false]);
  expect([wants({ types: null }, "x"), wants({ types: [] }, "x")]).toEqual([true, false]);
});
