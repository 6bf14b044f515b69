// Group 1: frames of every kind of length, in text and in binary.
import type { Case, Chops } from "../case.ts";
import { frame, op } from "../frames.ts";
import { answered, message, numbered } from "./script.ts";

const lengths: readonly (readonly [bytes: number, chops: Chops])[] = [
  [0, "whole"],
  [125, "whole"],
  [126, "whole"],
  [127, "whole"],
  [128, "whole"],
  [65_535, "whole"],
  [65_536, "whole"],
  [65_536, 997],
];

function echoes(form: "text" | "binary", byte: number): readonly Omit<Case, "id">[] {
  return lengths.map(([bytes, chops]) => {
    const payload = Buffer.alloc(bytes, byte);
    return {
      about: `${form}, ${bytes} bytes${chops === "whole" ? "" : `, ${chops} at a time`}`,
      body: answered([{ kind: "send", frames: () => [frame(op[form], payload)], chops }], () => [
        message(form, payload),
      ]),
    };
  });
}

export const framing: readonly Case[] = [
  ...numbered("1.1", echoes("text", 0x2a)),
  ...numbered("1.2", echoes("binary", 0xfe)),
];
