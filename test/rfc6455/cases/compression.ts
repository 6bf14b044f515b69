// Groups 12 and 13: a thousand compressed messages there and back, of five kinds of data and under seven offers.
import type { Case } from "../case.ts";
import { numbered } from "./script.ts";
import { records, type Sample, samples } from "./sample-data.ts";

const kibi = 1_024;

/** Bytes of a message, and of a fragment of what it is compressed to; 0: one frame. */
const shapes: readonly (readonly [bytes: number, fragmentBytes: number])[] = [
  [16, 0],
  [64, 0],
  [256, 0],
  [kibi, 0],
  [4 * kibi, 0],
  [8 * kibi, 0],
  [16 * kibi, 0],
  [32 * kibi, 0],
  [64 * kibi, 0],
  [128 * kibi, 0],
  [8 * kibi, 256],
  [16 * kibi, 256],
  [32 * kibi, 256],
  [64 * kibi, 256],
  [128 * kibi, 256],
  [128 * kibi, kibi],
  [128 * kibi, 4 * kibi],
  [128 * kibi, 32 * kibi],
];

interface Agreement {
  readonly offer: string;
  /** What the client inflates with. */
  readonly windowBits: number;
}

function shaped(data: Sample, { offer, windowBits }: Agreement): readonly Omit<Case, "id">[] {
  const { about, form, slice } = data;
  return shapes.map(([bytes, fragmentBytes]) => ({
    about: `${about}, ${bytes} bytes${fragmentBytes === 0 ? "" : ` in fragments of ${fragmentBytes}`}; ${offer}`,
    body: {
      kind: "rounds",
      offer,
      windowBits,
      form,
      count: 1_000,
      payload: (round) => slice(bytes, round),
      fragmentBytes,
    },
  }));
}

const plain = "permessage-deflate; client_max_window_bits";
const noContext = "server_no_context_takeover";
const small = "server_max_window_bits=9";
const whole = "server_max_window_bits=15";

/** In the order of 13.1 to 13.7; the last is three offers, best first. */
const agreements: readonly Agreement[] = [
  { offer: plain, windowBits: 15 },
  { offer: `${plain}; ${noContext}`, windowBits: 15 },
  { offer: `${plain}; ${small}`, windowBits: 9 },
  { offer: `${plain}; ${whole}`, windowBits: 15 },
  { offer: `${plain}; ${noContext}; ${small}`, windowBits: 9 },
  { offer: `${plain}; ${noContext}; ${whole}`, windowBits: 15 },
  { offer: `${plain}; ${noContext}; ${small}, ${plain}; ${noContext}, ${plain}`, windowBits: 9 },
];

export const compression: readonly Case[] = [
  ...samples.flatMap((data, index) => numbered(`12.${index + 1}`, shaped(data, { offer: plain, windowBits: 15 }))),
  ...agreements.flatMap((agreement, index) => numbered(`13.${index + 1}`, shaped(records, agreement))),
];
