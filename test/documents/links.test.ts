// Every link inside the documents leads to a file, and to a heading where it names one.
import { existsSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { documents, root, textOf } from "./blocks.ts";

interface Link {
  readonly from: string;
  /** From the root of the repository. */
  readonly file: string;
  readonly heading: string | null;
}

const withoutCode = (text: string): string => text.replaceAll(/^```[^]*?^```$/gm, "").replaceAll(/`[^`\n]*`/g, "");

function linksOf(document: string): readonly Link[] {
  const targets = [...withoutCode(textOf(document)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  return targets.filter((target) => !/^[a-z]+:/.test(target)).map((target) => linkTo(document, target));
}

function linkTo(document: string, target: string): Link {
  const [file = "", heading = null] = target.split("#");
  const found = file === "" ? document : path.posix.join(path.posix.dirname(document), file);
  return { from: document, file: found, heading };
}

/** The anchors that GitHub gives to the headings of a document. */
function anchorsOf(document: string): readonly string[] {
  const headings = textOf(document).matchAll(/^#+ (.+)$/gm);
  const plain = (heading: string): string => heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "");
  return [...headings].map(([, heading = ""]) => plain(heading).replaceAll(" ", "-"));
}

test("links lead somewhere", () => {
  const links = documents().flatMap(linksOf);
  expect(links.length).toBeGreaterThan(50);
  const broken = links.filter(({ file, heading }) => {
    if (!existsSync(path.join(root, file))) return true;
    return heading !== null && file.endsWith(".md") && !anchorsOf(file).includes(heading);
  });
  expect(broken).toEqual([]);
});
