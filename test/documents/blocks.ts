// The blocks of code in the documents, with the words that stand behind their language.
import { globSync, readFileSync } from "node:fs";
import path from "node:path";

export const root = path.resolve(import.meta.dirname, "../..");

export interface Block {
  /** The document, from the root of the repository. */
  readonly document: string;
  /** The line of its fence, from 1. */
  readonly line: number;
  readonly language: string;
  /** What stands behind the language: a file's name, or what the tests do with the block. */
  readonly words: readonly string[];
  readonly text: string;
}

export const textOf = (file: string): string => readFileSync(path.join(root, file), "utf8");

/** Whatever is written for people, from the root of the repository. */
export function documents(): readonly string[] {
  const found = globSync(["*.md", "docs/**/*.md", "{packages,apps,bench}/*/*.md"], { cwd: root });
  return found.map((file) => file.replaceAll(path.sep, "/")).sort();
}

/** @throws {Error} where a fence is not closed. */
export function blocksOf(document: string, text: string = textOf(document)): readonly Block[] {
  const blocks: Block[] = [];
  let open: { readonly line: number; readonly info: string; readonly lines: string[] } | null = null;
  for (const [index, line] of text.split("\n").entries()) {
    if (open === null) {
      if (line.startsWith("```")) open = { line: index + 1, info: line.slice(3), lines: [] };
    } else if (line === "```") {
      const [language = "", ...words] = open.info.split(" ");
      blocks.push({ document, line: open.line, language, words, text: `${open.lines.join("\n")}\n` });
      open = null;
    } else {
      open.lines.push(line);
    }
  }
  if (open !== null) throw new Error(`${document}:${open.line}: the block is not closed`);
  return blocks;
}
