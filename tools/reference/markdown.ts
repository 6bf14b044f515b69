// The pages of the reference as Markdown, which a forge shows and the site takes in.
import type { Catalog, DoorPage } from "./catalog.ts";
import type { Member, Shown } from "./declaration.ts";
import { type Docstring, parseDocstring, summaryOf } from "./docstring.ts";
import type { Door } from "./doors.ts";

const mark = "<!-- Made of the sources by `npm run reference`: edit the docstrings, not this page. -->";

/** A signature that is longer stands in a block of its own. */
const longestInline = 90;

export function overview(pages: readonly DoorPage[]): string {
  const rows = pages.map((page) => {
    const names = page.exports.filter(({ isType }) => !isType).map(({ name }) => `\`${name}\``);
    const shown = names.length > 6 ? [...names.slice(0, 6), "…"] : names;
    return `| [\`${page.door.specifier}\`](${page.door.page}.md) | ${page.purpose} | ${shown.join(", ")} |`;
  });
  return [
    mark,
    "# Reference",
    "Everything that may be imported, door by door: signatures as they are written, with what they promise, their units and their\nerrors. " +
      "Error codes have [a page of their own](../errors.md), limits [another](../limits.md).",
    ["| door | what it is | in it |", "|---|---|---|", ...rows].join("\n"),
  ]
    .join("\n\n")
    .concat("\n");
}

export function pageOf(page: DoorPage, catalog: Catalog): string {
  const writer = new PageWriter(page.door, catalog);
  const values = page.exports.filter(({ isType }) => !isType);
  const types = page.exports.filter(({ isType }) => isType);
  const parts = [mark, `# ${page.door.specifier}`, page.purpose, writer.table(values), writer.table(types)];
  for (const shown of page.exports) parts.push(...writer.entry(shown));
  if (page.inner.length > 0) {
    parts.push("## Named above, and not exported", "Parts of the types above; one meets them, and need not name them.");
    for (const shown of page.inner) parts.push(...writer.entry(shown, "###"));
  }
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

const inCell = (doc: string | null): string =>
  doc === null ? "" : summaryOf(parseDocstring(doc)).replaceAll("|", String.raw`\|`);

class PageWriter {
  readonly #door: Door;
  readonly #catalog: Catalog;

  constructor(door: Door, catalog: Catalog) {
    this.#door = door;
    this.#catalog = catalog;
  }

  entry(shown: Shown, level = "##"): readonly string[] {
    const { doc, members, name, signature } = shown;
    return [
      `${level} ${name}`,
      fenced(signature),
      ...(doc === null ? [] : said(parseDocstring(doc))),
      ...(members.length === 0 ? [] : [members.map(listed).join("\n")]),
      this.#links(shown),
    ];
  }

  table(shown: readonly Shown[]): string {
    const [first] = shown;
    if (first === undefined) return "";
    const rows = shown.map((one) => {
      const { door, anchor } = this.#catalog.placeOf(one);
      return `| ${this.#link(one.name, door, anchor)} | ${inCell(one.doc)} |`;
    });
    return [`| ${first.isType ? "type" : "value"} | |`, "|---|---|", ...rows].join("\n");
  }

  #link(name: string, door: Door, anchor: string): string {
    return `[\`${name}\`](${door.page === this.#door.page ? "" : `${door.page}.md`}#${anchor})`;
  }

  #links(shown: Shown): string {
    const links = this.#catalog.linksOf(shown).map(({ name, door, anchor }) => this.#link(name, door, anchor));
    return links.length === 0 ? "" : `Types: ${[...new Set(links)].sort().join(", ")}`;
  }
}

// "typescript" and not "ts": a signature is no example that compiles by itself.
const fenced = (code: string): string => `\`\`\`typescript\n${code}\n\`\`\``;

function said({ text, params, returns, throws, see }: Docstring): readonly string[] {
  return [
    linked(text),
    params.map(([name, meaning]) => `- \`${name}\`: ${oneLine(meaning)}`).join("\n"),
    returns === null ? "" : `**Returns** ${linked(oneLine(returns))}`,
    throws.map((one) => `**Throws** ${linked(oneLine(one))}`).join("\n\n"),
    see.length === 0 ? "" : `See ${linked(see.map(oneLine).join(", ")).replace(/\.$/, "")}.`,
  ].filter((part) => part !== "");
}

function listed({ doc, signature }: Member): string {
  const isShort = signature.length <= longestInline && !signature.includes("\n");
  const lines = isShort ? [`- ${inlineCode(signature)}`] : ["-", ...fenced(signature).split("\n").map(indented)];
  if (!isShort) lines.splice(0, 2, "- ```typescript");
  if (doc !== null) {
    const parts = said(parseDocstring(doc)).join("\n\n").split("\n");
    lines.push("", ...parts.map(indented));
  }
  return lines.join("\n");
}

const indented = (line: string): string => (line === "" ? "" : `  ${line}`);
const inlineCode = (code: string): string => (code.includes("`") ? `\`\` ${code} \`\`` : `\`${code}\``);
const oneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, " ");

/** Documents that a docstring names by their word are a click away. */
const linked = (text: string): string =>
  text
    .replaceAll(/\bPROTOCOL( \d+(?:\.\d+)*)?/g, (all) => `[${all}](../../PROTOCOL.md)`)
    .replaceAll(/\bGUARANTEES\b/g, (all) => `[${all}](../../GUARANTEES.md)`);
