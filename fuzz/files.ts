// Files: the corpus that is kept, and inputs that broke something.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

const corpusFolder = path.join(import.meta.dirname, "corpus");
/** Not committed: what lies there is to be mended. */
export const findingsFolder: string = path.join(import.meta.dirname, "findings");

/** Inputs with this in front of their name are of defects that were mended, and stay. */
const mended = "mended-";

export interface CorpusFile {
  readonly name: string;
  readonly input: Uint8Array;
}

/** The inputs of a target that are kept, by their names in order. */
export function corpusOf(target: string): readonly CorpusFile[] {
  const folder = path.join(corpusFolder, target);
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  return names.map((name) => ({ name, input: readFileSync(path.join(folder, name)) }));
}

/** Makes these the corpus of a target, besides those that stay. */
export function keepCorpus(target: string, inputs: readonly Uint8Array[]): void {
  const folder = path.join(corpusFolder, target);
  mkdirSync(folder, { recursive: true });
  for (const { name } of corpusOf(target)) if (!name.startsWith(mended)) rmSync(path.join(folder, name));
  for (const input of inputs) writeFileSync(path.join(folder, nameOf(input)), input);
}

/** @returns The file it was written to. */
export function keepFinding(folder: string, target: string, input: Uint8Array): string {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${target}-${nameOf(input)}`);
  writeFileSync(file, input);
  return file;
}

function nameOf(input: Uint8Array): string {
  return createHash("sha256").update(input).digest("hex").slice(0, 12);
}

/** The targets there are. */
export const targetNames: readonly string[] = readdirSync(path.join(import.meta.dirname, "targets"))
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
  .map((name) => name.slice(0, -".ts".length))
  .sort();
