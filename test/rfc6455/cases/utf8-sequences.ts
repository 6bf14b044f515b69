// Byte sequences that are UTF-8, and that are not, each said to be so here: RFC 3629, in the order of groups 6.5 to 6.23.

export interface Sequences {
  readonly about: string;
  readonly texts: readonly { readonly bytes: Buffer; readonly isValid: boolean }[];
}

/** Rows of hexadecimal bytes, by whether they are valid. */
function rows(about: string, ...parts: readonly (readonly [isValid: boolean, ...hex: string[]])[]): Sequences {
  const texts = parts.flatMap(([isValid, ...hex]) => hex.map((each) => ({ bytes: Buffer.from(each, "hex"), isValid })));
  return { about, texts };
}

const greek = "cebae1bdb9cf83cebcceb5";
/** After so many of its bytes a character ends. */
const greekEnds = new Set([2, 5, 7, 9, 11]);
const greekPrefixes: Sequences = {
  about: "each beginning of a Greek word",
  texts: Array.from({ length: 11 }, (_, index) => ({
    bytes: Buffer.from(greek, "hex").subarray(0, index + 1),
    isValid: greekEnds.has(index + 1),
  })),
};

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
const hexOf = (bytes: readonly number[]): string => Buffer.from(bytes).toString("hex");

const everyContinuation = hexOf(range(0x80, 0xbe));
const lonelyStarts = [
  [0xc0, 0xde],
  [0xe0, 0xee],
  [0xf0, 0xf6],
  [0xf8, 0xfa],
  [0xfc, 0xfc],
].map(([from = 0, to = 0]) => hexOf(range(from, to).flatMap((byte) => [byte, 0x20])));

const withoutLast = [
  "c0",
  "e080",
  "f08080",
  "f8808080",
  "fc80808080",
  "df",
  "efbf",
  "f7bfbf",
  "fbbfbfbf",
  "fdbfbfbfbf",
];

/** U+nFFFE and U+nFFFF of every plane: no characters, but valid. */
const nonCharacters = [
  "efbfbe",
  "efbfbf",
  "f09f",
  "f0af",
  "f0bf",
  ...["f1", "f2", "f3"].flatMap((first) => ["8f", "9f", "af", "bf"].map((second) => first + second)),
  "f48f",
].flatMap((start) => (start.length === 6 ? [start] : [`${start}bfbe`, `${start}bfbf`]));

const specials = range(0xb9, 0xbf).map((byte) => `efbf${byte.toString(16)}`);

const highSurrogates = ["eda080", "edadbf", "edae80", "edafbf"];
const lowSurrogates = ["edb080", "edbfbf"];
const pairedSurrogates = highSurrogates.flatMap((high) => lowSurrogates.map((low) => high + low));

const hello = (character: string): string => Buffer.from(`hello${character}world`).toString("hex");

export const sequences: readonly Sequences[] = [
  rows("valid text", [true, hello("$"), hello("¢"), hello("€"), hello("\u{24b62}"), greek]),
  greekPrefixes,
  rows("the first character of each length", [true, "00", "c280", "e0a080", "f0908080"]),
  rows("the first of five and of six bytes", [false, "f888808080", "fc8480808080"]),
  rows("the last character of each length", [true, "7f", "dfbf", "efbfbf", "f48fbfbf"]),
  rows("the last of four, five and six bytes", [false, "f7bfbfbf", "fbbfbfbfbf", "fdbfbfbfbfbf"]),
  rows("other borders", [true, "ed9fbf", "ee8080", "efbfbd", "f48fbfbf"], [false, "f4908080"]),
  rows("continuation bytes that continue nothing", [
    false,
    "80",
    "bf",
    "80bf",
    "80bf80",
    "80bf80bf",
    "80bf80bf80",
    "80bf80bf80bf",
    everyContinuation,
  ]),
  rows("first bytes, each followed by a space", [false, ...lonelyStarts]),
  rows("the last byte missing", [false, ...withoutLast]),
  rows("unfinished sequences end to end", [false, withoutLast.join("")]),
  rows("bytes that never occur", [false, "fe", "ff", "fefeffff"]),
  rows("overlong slashes", [false, "c0af", "e080af", "f08080af", "f8808080af", "fc80808080af"]),
  rows("the largest overlong of each length", [false, "c1bf", "e09fbf", "f08fbfbf", "f887bfbfbf", "fc83bfbfbfbf"]),
  rows("overlong zeros", [false, "c080", "e08080", "f0808080", "f880808080", "fc8080808080"]),
  rows("single surrogates", [false, ...highSurrogates, "edb080", "edbe80", "edbfbf"]),
  rows("paired surrogates", [false, ...pairedSurrogates]),
  rows("code points that are no characters", [true, ...nonCharacters]),
  rows("special characters", [true, ...specials]),
];
