// The log for people: one line each, whatever the values say.
import { expect, test, vi } from "vitest";
import { consoleLog } from "./console-log.ts";

function shown(value: string): string {
  let written = "";
  const write = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    written += String(text);
    return true;
  });
  consoleLog("info").warn("it happened", { value });
  write.mockRestore();
  return written;
}

test.each([
  ["an escape", "a\u001b[2J", String.raw`a\u001b[2J`],
  ["an escape of eight bits", "a\u009b2J", String.raw`a\u009b2J`],
  ["ends of lines", "a\r\n\u0085\u2028\u2029b", String.raw`a\r\n\u0085\u2028\u2029b`],
  ["another direction", "a\u202egnp.exe", String.raw`a\u202egnp.exe`],
  ["what nobody sees", "a\u200b\u{e0041}b", String.raw`a\u200b\udb40\udc41b`],
  ["what everybody reads", "grüß 日本 👋", "grüß 日本 👋"],
])("%s", (_name, value, expected) => {
  expect(shown(value)).toBe(`  warn: it happened  value="${expected}"\n`);
});
