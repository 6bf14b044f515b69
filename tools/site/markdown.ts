// A document as the site takes it: with a title of its own, links between pages, and titled blocks of code.

export interface Page {
  /** From the root of the repository; a folder where it is one. */
  readonly file: string;
  readonly title: string;
  readonly description: string;
  readonly text: string;
  /** Documents are found by the search, sources are not. */
  readonly isDocument: boolean;
}

const block = /^( *)(?:- )?```[^]*?^ *```$/m;
const code = /(^ *(?:- )?```[^]*?^ *```$|`[^`\n]*`)/gm;
const link = /\]\(([^)\s]+)\)/g;

/** @returns The targets of links that stay within the repository, as they are written. */
export function targetsOf(text: string): readonly string[] {
  const found = text.replaceAll(code, "``").matchAll(link);
  return [...found].map(([, target = ""]) => target).filter(isInside);
}

const isInside = (target: string): boolean => !/^[a-z]+:/.test(target) && !target.startsWith("#");

/** @param place What a target is to be instead. */
export function withLinks(text: string, place: (target: string) => string): string {
  const parts = text.split(code);
  const moved = parts.map((part, index) => {
    if (index % 2 === 1) return part;
    return part.replaceAll(link, (all, target: string) => (isInside(target) ? `](${place(target)})` : all));
  });
  return moved.join("");
}

/** The words behind a block's language are its file's name, or the tests' own business. */
export const withTitledBlocks = (text: string): string =>
  text.replaceAll(/^(```\w+) (.+)$/gm, (_all, fence: string, words: string) =>
    /[./]/.test(words) ? `${fence} title="${words}"` : fence,
  );

export function documentOf(file: string, text: string): Page {
  const plain = text.replaceAll(/^<!--[^]*?-->\n+/gm, "");
  const [, title = file] = /^# (.+)$/m.exec(plain) ?? [];
  const body = plain.replace(/^# .+\n+/m, "");
  return { file, title: withoutMarks(title), description: firstSentences(body), text: body, isDocument: true };
}

/** By the last part of a file's name. */
const languages: Readonly<Record<string, string>> = {
  mjs: "js",
  rs: "rust",
  example: "sh",
  LICENSE: "text",
  mod: "text",
  sum: "text",
  lock: "text",
  gitignore: "text",
};

/** A file that documents link to, to be read where they are read. */
export function sourcePage(file: string, text: string): Page {
  const ending = /[^./]*$/.exec(file)?.[0] ?? "";
  const fence = "`".repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length + 1)));
  const language = languages[ending] ?? ending;
  const shown = `${fence}${language}\n${text.trimEnd()}\n${fence}\n`;
  return { file, title: file, description: "", text: shown, isDocument: false };
}

/** @param below What is in it, by the ways from the folder, each with what it is called. */
export function folderPage(folder: string, below: readonly (readonly [way: string, title: string])[]): Page {
  const rows = below.map(([way, title]) => `- [${title}](${way})`);
  return { file: folder, title: folder, description: "", text: `${rows.join("\n")}\n`, isDocument: false };
}

const withoutMarks = (text: string): string => text.replaceAll(/[`*]/g, "").replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1");

/** The first paragraph of prose, as far as a search engine shows it. */
function firstSentences(body: string): string {
  const paragraphs = body.replaceAll(new RegExp(block, "gm"), "").split(/\n{2,}/);
  const prose = paragraphs.find((paragraph) => /^[A-Z"`*[]/.test(paragraph)) ?? "";
  const words = withoutMarks(prose).replaceAll(/\s+/g, " ").trim();
  return words.length <= 200 ? words : `${words.slice(0, words.lastIndexOf(" ", 199))} …`;
}

export function fileOf({ title, description, text, isDocument }: Page, slug: string): string {
  const front = [`title: ${JSON.stringify(title)}`, `slug: ${JSON.stringify(slug)}`];
  if (description !== "") front.push(`description: ${JSON.stringify(description)}`);
  if (!isDocument) front.push("pagefind: false", "tableOfContents: false");
  return `---\n${front.join("\n")}\n---\n\n${text}`;
}
