// A mistake of ours in taking one client's message: that client is told, and nobody else pays for it.
import { defineChannel } from "@tidewire/protocol";
import { expect, it } from "vitest";
import type { LogFields } from "../ports/log.ts";
import { FakeConnection } from "../testing/fake-connection.ts";
import { FakeNode } from "../testing/fake-node.ts";
import { centrifugeFor } from "./centrifuge/centrifuge.ts";
import { open } from "./open.ts";

it("ends the connection whose message it was, and says so in the log", async () => {
  const errors: [string, LogFields | undefined][] = [];
  const quiet = (): void => undefined;
  const log = {
    debug: quiet,
    info: quiet,
    warn: quiet,
    error: (...said: [string, LogFields?]) => void errors.push([said[0], said[1]]),
  };
  const node = await FakeNode.start({ channels: [defineChannel("lobby", { mode: "signal" })], log });
  const other = await node.connected();
  const connection = new FakeConnection();
  const speaker = centrifugeFor(connection, node.limits);
  speaker.decode = () => {
    throw new RangeError("Invalid array length");
  };
  connection.opened = open(node.node, connection, speaker);
  connection.say("anything");
  await node.settle();
  expect(connection.ended?.code).toBe(3004);
  expect(errors).toEqual([["a message could not be taken", { reason: "Invalid array length" }]]);
  other.say('{"id":2,"subscribe":{"channel":"lobby"}}');
  await node.settle();
  expect([other.ended, other.lines[0]?.["id"], node.sessions.size]).toEqual([null, 2, 1]);
});
