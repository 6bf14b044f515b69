// Group 7: the closing handshake, and what a close frame may hold.
import type { Case, Event, Script, Step } from "../case.ts";
import { closeFrame, type Frame, frame, op } from "../frames.ts";
import {
  answered,
  continuation,
  invalidPayload,
  message,
  normal,
  numbered,
  ping,
  protocolError,
  send,
  textFrame,
  textMessage,
} from "./script.ts";

const open = { isFinal: false } as const;
const greeting = "Hello World!";

/** We close, and say more; the server answers the close alone, with `codes`. */
function closing(frames: readonly Frame[], codes: readonly number[] = [normal]): Script {
  return {
    kind: "script",
    steps: frames.map((each): Step => send([each])),
    events: () => [],
    end: { by: "steps", codes, mayDrop: !codes.includes(normal) },
  };
}

const close = closeFrame(normal);
const notUtf8 = Buffer.from("cebae1bdb9cf83cebcceb5eda080656469746564", "hex");

const basic = numbered("7.1", [
  {
    about: "text, then close",
    body: answered([send([textFrame(greeting)])], () => [textMessage(greeting)]),
  },
  { about: "close twice", body: closing([close, frame(op.close)]) },
  { about: "ping after close", body: closing([close, ping()]) },
  { about: "text after close", body: closing([close, textFrame(greeting)]) },
  {
    about: "a fragment, close, the other fragment",
    body: closing([textFrame("fragment1", open), close, continuation("fragment2")]),
  },
  { about: "256 KiB and a text, close, ping", body: backToBack(), isInformational: true },
]);

/** Whether the answers come before the close is the server's affair. */
function backToBack(): Script {
  const large = Buffer.alloc(262_144, "BAsd7&jh23");
  const events = (): readonly Event[] => [message("text", large), textMessage(greeting)];
  return { ...closing([textFrame(large), textFrame(greeting), close, ping()]), events, alsoRight: () => [] };
}

const payloads = numbered("7.3", [
  { about: "no code", body: closing([frame(op.close)]) },
  { about: "half a code", body: closing([frame(op.close, "a")], [protocolError]) },
  { about: "a code", body: closing([close]) },
  { about: "a code and a reason", body: closing([closeFrame(normal, greeting)]) },
  { about: "the longest reason, 123 bytes", body: closing([closeFrame(normal, "*".repeat(123))]) },
  { about: "a reason of 124 bytes", body: closing([closeFrame(normal, "*".repeat(124))], [protocolError]) },
]);

const reasons = numbered("7.5", [
  {
    about: "a reason that is no UTF-8",
    body: closing([closeFrame(normal, notUtf8)], [protocolError, invalidPayload]),
  },
]);

const validCodes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
const invalidCodes = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];
const undefinedCodes = [5000, 65_535];

export const closes: readonly Case[] = [
  ...basic,
  ...payloads,
  ...reasons,
  ...numbered(
    "7.7",
    validCodes.map((code) => ({ about: `valid code ${code}`, body: closing([closeFrame(code)], [normal, code]) })),
  ),
  ...numbered(
    "7.9",
    invalidCodes.map((code) => ({ about: `invalid code ${code}`, body: closing([closeFrame(code)], [protocolError]) })),
  ),
  ...numbered(
    "7.13",
    undefinedCodes.map((code) => ({
      about: `code ${code}, of which the RFC says nothing`,
      body: closing([closeFrame(code)], [code, protocolError]),
      isInformational: true,
    })),
  ),
];
