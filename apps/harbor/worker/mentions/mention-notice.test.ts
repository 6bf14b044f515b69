// What somebody is told who was mentioned: as much of it as is read on the way, quoted line by line.
import { expect, it } from "vitest";
import { mentionNotice } from "./mention-notice.ts";

const noticeOf = (text: string): string =>
  mentionNotice(
    { id: "m1", seq: 1, room: "workshop", author: { id: "ada", name: "Ada" }, text, nonce: "nonce-of-one", atMs: 5 },
    { id: "lou", name: "Lou" },
    "Workshop",
  ).text;

it("quotes every line", () => {
  expect(noticeOf("one\n\ntwo")).toContain("\n\n> one\n> \n> two\n\n");
});

it("cuts after 1,000 characters, and no character in two", () => {
  const long = "😀".repeat(1_000);
  expect(noticeOf(long)).toContain(`> ${long}\n\n`);
  expect(noticeOf(`${long}!`)).toContain(`> ${long}…\n\n`);
});
