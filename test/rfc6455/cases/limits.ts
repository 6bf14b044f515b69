// Groups 9 and 10: large messages, many fragments, small writes, a thousand round trips.
import type { Case, Chops } from "../case.ts";
import { fragments, frame, op } from "../frames.ts";
import { answered, message, numbered } from "./script.ts";

const kibi = 1_024;
const mebi = 1_048_576;
type Form = "text" | "binary";

const sizes = [64 * kibi, 256 * kibi, mebi, 4 * mebi, 8 * mebi, 16 * mebi];
const fragmentSizes = [64, 256, kibi, 4 * kibi, 16 * kibi, 64 * kibi, 256 * kibi, mebi, 4 * mebi];
const chopSizes = [64, 128, 256, 512, kibi, 2 * kibi];
const roundSizes = [0, 16, 64, 256, kibi, 4 * kibi];

// Made when a case runs: all of them at once would be 100 MiB.
const filled = (form: Form, bytes: number): Buffer =>
  Buffer.alloc(bytes, form === "text" ? "BAsd7&jh23" : Buffer.of(0x00, 0xfe, 0x23, 0xfa, 0xf0));

function large(form: Form, bytes: number, chops: Chops = "whole"): Omit<Case, "id"> {
  const steps = [{ kind: "send", frames: () => [frame(op[form], filled(form, bytes))], chops }] as const;
  const how = chops === "whole" ? "" : `, ${chops} at a time`;
  return { about: `${form}, ${bytes} bytes${how}`, body: answered(steps, () => [message(form, filled(form, bytes))]) };
}

function inFragments(form: Form, bytes: number, fragmentBytes: number): Omit<Case, "id"> {
  const steps = [
    { kind: "send", frames: () => fragments(op[form], filled(form, bytes), { bytes: fragmentBytes }), chops: "whole" },
  ] as const;
  return {
    about: `${form}, ${bytes} bytes in fragments of ${fragmentBytes}`,
    body: answered(steps, () => [message(form, filled(form, bytes))]),
  };
}

function roundTrips(form: Form, bytes: number): Omit<Case, "id"> {
  const payload = filled(form, bytes);
  return {
    about: `${form}, 1,000 round trips of ${bytes} bytes`,
    body: { kind: "rounds", offer: "", windowBits: 15, form, count: 1_000, payload: () => payload, fragmentBytes: 0 },
  };
}

const forms = ["text", "binary"] as const;

/** One subgroup for text and one for binary. */
const inBoth = (first: number, each: (form: Form) => readonly Omit<Case, "id">[]): readonly Case[] =>
  forms.flatMap((form, index) => numbered(`9.${first + index}`, each(form)));

export const limits: readonly Case[] = [
  ...inBoth(1, (form) => sizes.map((bytes) => large(form, bytes))),
  ...inBoth(3, (form) => fragmentSizes.map((bytes) => inFragments(form, 4 * mebi, bytes))),
  ...inBoth(5, (form) => chopSizes.map((bytes) => large(form, mebi, bytes))),
  ...inBoth(7, (form) => roundSizes.map((bytes) => roundTrips(form, bytes))),
  ...numbered("10.1", [inFragments("text", 64 * kibi, 1_300)]),
];
