// Groups 2 to 4: pings and pongs, reserved bits, reserved opcodes.
import type { Case, Chops } from "../case.ts";
import { closeFrame, type Frame, frame, op } from "../frames.ts";
import {
  answered,
  failing,
  latin1,
  normal,
  numbered,
  ping,
  pong,
  send,
  textFrame,
  textMessage,
  utf8,
} from "./script.ts";

const bytes = latin1("\u0000\u00ff\u00fe\u00fd\u00fc\u00fb\u0000\u00ff");
const greeting = "Hello, world!";
const unasked = frame(op.pong, "unsolicited pong payload");

function pinged(about: string, payload: Buffer, chops: Chops = "whole"): Omit<Case, "id"> {
  return { about, body: answered([send([ping(payload)], chops)], () => [pong(payload)]) };
}

function unanswered(about: string, first: Frame): Omit<Case, "id"> {
  const end = { by: "steps", codes: [normal], mayDrop: false } as const;
  return { about, body: { kind: "script", steps: [send([first]), send([closeFrame(normal)])], events: () => [], end } };
}

function tenPings(about: string, chops: Chops): Omit<Case, "id"> {
  const payloads = Array.from({ length: 10 }, (_, index) => utf8(`payload-${index}`));
  return { about, body: answered([send(payloads.map(ping), chops)], () => payloads.map(pong)) };
}

const pings = numbered("2", [
  pinged("ping without payload", utf8("")),
  pinged("ping with text", utf8(greeting)),
  pinged("ping with bytes that are no UTF-8", bytes),
  pinged("ping with 125 bytes", Buffer.alloc(125, 0xfe)),
  { about: "ping with 126 bytes", body: failing([send([ping(Buffer.alloc(126, 0xfe))])]) },
  pinged("ping with 125 bytes, one at a time", Buffer.alloc(125, 0xfe), 1),
  unanswered("unasked pong without payload", frame(op.pong)),
  unanswered("unasked pong with payload", unasked),
  {
    about: "unasked pong, then a ping",
    body: answered([send([unasked]), send([ping("ping payload")])], () => [pong(utf8("ping payload"))]),
  },
  tenPings("ten pings", "whole"),
  tenPings("ten pings, one byte at a time", 1),
]);

/** A good message, a bad frame and a ping that must not be answered. */
function afterGood(about: string, bad: Frame, chops: Chops): Omit<Case, "id"> {
  return {
    about,
    body: failing([send([textFrame(greeting), bad, ping()], chops)], {
      events: [textMessage(greeting)],
      alsoRight: [],
    }),
  };
}

const bad = (about: string, only: Frame): Omit<Case, "id"> => ({ about, body: failing([send([only])]) });

const reservedBits = numbered("3", [
  bad("text with reserved bits 1", textFrame(greeting, { reserved: 1 })),
  afterGood("text, then text with reserved bits 2 and a ping", textFrame(greeting, { reserved: 2 }), "whole"),
  afterGood("the same with 3, frame by frame", textFrame(greeting, { reserved: 3 }), "frames"),
  afterGood("the same with 4, one byte at a time", textFrame(greeting, { reserved: 4 }), 1),
  bad("binary with reserved bits 5", frame(op.binary, bytes, { reserved: 5 })),
  bad("data with reserved bits 6", frame(op.binary, greeting, { reserved: 6 })),
  bad("close with reserved bits 7", frame(op.close, "", { reserved: 7 })),
]);

function reservedOpcodes(first: number): readonly Omit<Case, "id">[] {
  const name = (opcode: number): string => `opcode ${opcode}`;
  return [
    bad(name(first), frame(first)),
    bad(`${name(first + 1)} with payload`, frame(first + 1, "reserved opcode payload")),
    afterGood(`text, then ${name(first + 2)} and a ping`, frame(first + 2), "whole"),
    afterGood(`text, then ${name(first + 3)} with payload and a ping`, frame(first + 3, greeting), "whole"),
    afterGood(`the same with ${name(first + 4)}, one byte at a time`, frame(first + 4, greeting), 1),
  ];
}

export const control: readonly Case[] = [
  ...pings,
  ...reservedBits,
  ...numbered("4.1", reservedOpcodes(3)),
  ...numbered("4.2", reservedOpcodes(11)),
];
