// Links of a Markdown document inside the repository, and the anchors of its headings as a forge makes them.
import path from "node:path";

export interface Link {
  readonly from: string;
  /** From the root of the repository. */
  readonly file: string;
  readonly heading: string | null;
}

const withoutBlocks = (text: string): string => text.replaceAll(/^ *(?:- )?```[^]*?^ *```$/gm, "");
const withoutCode = (text: string): string => withoutBlocks(text).replaceAll(/`[^`\n]*`/g, "");

/** What leads out of the repository is left out: nobody asks the network. */
export function linksOf(document: string, text: string): readonly Link[] {
  // A link may have code for its text, `[`x`](y)`, of which only the brackets are left here.
  const targets = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  return targets.filter((target) => !/^[a-z]+:/.test(target)).map((target) => linkTo(document, target));
}

function linkTo(document: string, target: string): Link {
  const [file = "", heading = null] = target.split("#");
  const found = file === "" ? document : path.posix.join(path.posix.dirname(document), file);
  return { from: document, file: found, heading };
}

/** The anchors that GitHub gives to the headings of a text; of two that are the same it numbers the second. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of withoutBlocks(text).matchAll(/^#+ (.+)$/gm)) {
    const plain = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-");
    let anchor = plain;
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${plain}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** @param textOf The text of a file, or `null` where there is none; of a folder anything. */
export function brokenLinks(links: readonly Link[], textOf: (file: string) => string | null): readonly Link[] {
  return links.filter(({ file, heading }) => {
    const text = textOf(file);
    return text === null || (heading !== null && file.endsWith(".md") && !anchorsOf(text).has(heading));
  });
}
