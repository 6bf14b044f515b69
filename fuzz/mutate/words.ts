// Words: what inputs are made of besides chance. The texts that our own sources compare with, and values at the edges.
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";

const packages = path.join(import.meta.dirname, "..", "..", "packages");

/** Texts in quotes, and names behind a dot: `"publish"`, `fields.since`. */
const quoted = /(["'`])((?:[^\\\n]|\\.){1,32}?)\1/g;

/** The dictionary of these sources, each text once and in their order. */
export function wordsIn(files: readonly string[]): readonly string[] {
  const words = new Set<string>();
  for (const file of files.flatMap((each) => sourcesIn(path.join(packages, each)))) {
    for (const [, , text = ""] of readFileSync(file, "utf8").matchAll(quoted)) {
      if (/^[\x21-\x7e]+$/.test(text)) words.add(text);
      // The schema of the Protobuf form is one text with many names in it.
      else for (const [name] of text.matchAll(/\b[a-z_]{3,}\b/g)) words.add(name);
    }
  }
  return [...words];
}

function sourcesIn(place: string): readonly string[] {
  if (!statSync(place).isDirectory()) return [place];
  const names = readdirSync(place, { recursive: true, encoding: "utf8" }).sort();
  return names.filter((name) => /(?<!\.test|\.test-d)\.ts$/.test(name)).map((name) => path.join(place, name));
}

/** Texts that readers have been wrong about. */
export const edgeTexts: readonly string[] = [
  "",
  " ",
  "0",
  "-1",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "\0",
  "\n",
  "\r\n",
  "\t",
  "\u2028",
  "\u{1F30A}",
  "é",
  "\ufeff",
  "\ufffd",
  "%00",
  "%2F",
  "%",
  "..",
  "//",
  '"',
  '","',
  '"}',
  '\\"',
  "\\",
  "{",
  "}",
  "[",
  "]",
  ":",
  ",",
  "a".repeat(64),
  "a".repeat(65),
  "b".repeat(255),
  "é".repeat(128),
];

/** Numbers at which counters, sizes and signs turn over. */
export const edgeNumbers: readonly number[] = [
  0,
  -0,
  1,
  -1,
  2,
  0.5,
  60,
  61,
  64,
  100,
  127,
  128,
  255,
  256,
  1_000,
  32_767,
  65_535,
  65_536,
  4_194_304,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  Number.MAX_SAFE_INTEGER,
  Number.MAX_SAFE_INTEGER + 1,
  1e21,
  1e308,
  5e-324,
];
