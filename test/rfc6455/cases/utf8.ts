// Group 6: text that is UTF-8 and text that is not, whole and cut in every place.
import type { Case, Script, Step } from "../case.ts";
import { bytesOf, type Frame, fragments, op } from "../frames.ts";
import { answered, continuation, failing, invalidPayload, message, numbered, send, textFrame, utf8 } from "./script.ts";
import { sequences } from "./utf8-sequences.ts";

const open = { isFinal: false } as const;
const greeting = "Hello-µ@ßöäüàá-UTF-8!!";
const greek = Buffer.from("cebae1bdb9cf83cebcceb5", "hex");
const edited = Buffer.concat([greek, Buffer.from("eda080", "hex"), utf8("edited")]);
const beyond = { before: greek, bad: Buffer.from("f4908080", "hex"), after: utf8("edited") };
const beyondBytes = Buffer.concat(Object.values(beyond));

const inSingleBytes = (payload: Buffer): Step => send(fragments(op.text, payload, { bytes: 1 }));
const echoed = (step: Step, payload: Buffer): Script => answered([step], () => [message("text", payload)]);
const refused = (step: Step): Script => failing([step], { code: invalidPayload });

const empty = numbered("6.1", [
  { about: "no bytes", body: echoed(send([textFrame("")]), utf8("")) },
  {
    about: "three fragments of no bytes",
    body: echoed(send([textFrame("", open), continuation("", open), continuation("")]), utf8("")),
  },
  {
    about: "three fragments, the middle one with text",
    body: echoed(
      send([textFrame("", open), continuation("middle frame payload", open), continuation("")]),
      utf8("middle frame payload"),
    ),
  },
]);

const valid = numbered("6.2", [
  { about: "valid, in one frame", body: echoed(send([textFrame(greeting)]), utf8(greeting)) },
  {
    about: "valid, cut between characters",
    body: echoed(send([textFrame("Hello-µ@ßöä", open), continuation("üàá-UTF-8!!")]), utf8(greeting)),
  },
  { about: "valid, in fragments of one byte", body: echoed(inSingleBytes(utf8(greeting)), utf8(greeting)) },
  { about: "valid, Greek, in fragments of one byte", body: echoed(inSingleBytes(greek), greek) },
]);

const invalid = numbered("6.3", [
  { about: "a surrogate in the middle, in one frame", body: refused(send([textFrame(edited)])) },
  { about: "a surrogate in the middle, in fragments of one byte", body: refused(inSingleBytes(edited)) },
]);

/** Three parts of which the second is wrong; strictly, the third is never asked for. */
function failFast(about: string, parts: readonly [Step, Step, Step]): Omit<Case, "id"> {
  const [first, second, third] = parts;
  const steps: readonly Step[] = [first, { kind: "settle", mark: "A" }, second, { kind: "settle", mark: "B" }, third];
  const openAt = (...marks: readonly string[]): { kind: "mark"; mark: string }[] =>
    marks.map((mark) => ({ kind: "mark", mark }));
  const body = failing(steps, { code: invalidPayload, events: openAt("A"), alsoRight: openAt("A", "B") });
  return { about, body };
}

const inFrames = (payloads: readonly [Buffer, Buffer, Buffer]): readonly [Step, Step, Step] => {
  const frames: readonly [Frame, Frame, Frame] = [
    textFrame(payloads[0], open),
    continuation(payloads[1], open),
    continuation(payloads[2]),
  ];
  return [send([frames[0]]), send([frames[1]]), send([frames[2]])];
};

/** One frame, cut after so many bytes of its payload. */
function inPieces(payload: Buffer, firstCut: number, secondCut: number): readonly [Step, Step, Step] {
  const frame = bytesOf(textFrame(payload));
  const head = frame.length - payload.length;
  const piece = (from: number, to: number): Step => ({ kind: "bytes", bytes: () => frame.subarray(from, to) });
  return [piece(0, head + firstCut), piece(head + firstCut, head + secondCut), piece(head + secondCut, frame.length)];
}

const badAt = beyond.before.length;
const failsFast = numbered("6.4", [
  failFast(
    "a code point too large in the second of three fragments",
    inFrames([beyond.before, beyond.bad, beyond.after]),
  ),
  failFast(
    "the same, the second fragment only the byte that makes it wrong",
    inFrames([
      beyondBytes.subarray(0, badAt + 1),
      beyondBytes.subarray(badAt + 1, badAt + 2),
      beyondBytes.subarray(badAt + 2),
    ]),
  ),
  failFast("a code point too large in the second of three pieces of a frame", inPieces(beyondBytes, badAt, badAt + 4)),
  failFast("the same, the second piece only the byte that makes it wrong", inPieces(beyondBytes, badAt + 1, badAt + 2)),
]);

const decoding = sequences.flatMap(({ about, texts }, index) =>
  numbered(
    `6.${index + 5}`,
    texts.map(({ bytes, isValid }) => ({
      about: `${about}: ${bytes.length > 16 ? `${bytes.length} bytes` : bytes.toString("hex")}`,
      body: isValid ? echoed(send([textFrame(bytes)]), bytes) : refused(send([textFrame(bytes)])),
    })),
  ),
);

export const text: readonly Case[] = [...empty, ...valid, ...invalid, ...failsFast, ...decoding];
