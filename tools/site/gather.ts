// Gathers what the site shows: every document, and whatever they link to.
import { globSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { documentOf, folderPage, type Page, sourcePage, targetsOf, withLinks, withTitledBlocks } from "./markdown.ts";
import { linkBetween, placeOf } from "./places.ts";

/** What a checkout has beside what was written. */
const made = /(?:^|\/)(?:node_modules|dist|target|\.types|\.next|\.env)(?:\/|$)/;

/**
 * All pages by their places on the site, with links between them. `docs/` and the documents of the root are pages, and so is
 * every file of the repository that a page links to.
 * @throws {Error} For a link to what is not there.
 */
export function gather(root: string): ReadonlyMap<string, Page> {
  const found = globSync(["*.md", "docs/**/*.md"], { cwd: root }).map((file) => file.replaceAll(path.sep, "/"));
  const waiting = found.filter((file) => !made.test(file)).sort();
  const pages = new Map<string, Page>();
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    if (pages.has(placeOf(file))) continue;
    const page = read(root, file);
    const place = (target: string): string => {
      const [way = "", heading] = target.split("#");
      const to = resolve(root, page, way);
      waiting.push(to);
      return linkBetween(file, to) + (heading === undefined ? "" : `#${heading}`);
    };
    const isMarkdown = page.isDocument || targetsOf(page.text).length > 0;
    const text = isMarkdown ? withTitledBlocks(withLinks(page.text, place)) : page.text;
    pages.set(placeOf(file), { ...page, text });
  }
  return pages;
}

function read(root: string, file: string): Page {
  const full = path.join(root, file);
  if (statSync(full).isDirectory()) {
    const titled = (below: string): string =>
      below.endsWith(".md") ? read(root, below).title : `\`${below.slice(file.length + 1)}\``;
    return folderPage(
      file,
      filesBelow(root, file).map((below) => [below.slice(file.length + 1), titled(below)]),
    );
  }
  const text = readFileSync(full, "utf8");
  return file.endsWith(".md") ? documentOf(file, text) : sourcePage(file, text);
}

/** The file that a link means: of a folder its README where it has one. */
function resolve(root: string, { file, isDocument }: Page, way: string): string {
  // A folder's page links to what is in it.
  const base = isDocument ? path.posix.dirname(file) : file;
  const to = path.posix.join(base, way).replace(/\/$/, "");
  const found = statSync(path.join(root, to), { throwIfNoEntry: false });
  if (found === undefined) throw new Error(`${file}: expected a file at ${way}, found none`);
  const readme = path.posix.join(to, "README.md");
  const hasReadme = found.isDirectory() && statSync(path.join(root, readme), { throwIfNoEntry: false }) !== undefined;
  return hasReadme ? readme : to;
}

function filesBelow(root: string, folder: string): readonly string[] {
  const entries = readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, "/"))
    .filter((file) => !made.test(file))
    .sort();
}
