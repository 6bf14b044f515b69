// Where each document and each linked file of the repository is on the site.
import path from "node:path";

/** Documents that do not stand under their own name. */
const named: Readonly<Record<string, string>> = {
  "README.md": "start",
  "docs/README.md": "contents",
  "docs/decisions": "decisions",
};

/** The path of its page on the site, without slashes around it. @param file From the root of the repository. */
export function placeOf(file: string): string {
  const given = named[file];
  if (given !== undefined) return given;
  if (!file.endsWith(".md")) return `source/${file.replaceAll(".", "-")}`.replace(/\/-/g, "/");
  const document = file
    .replace(/^docs\//, "")
    .replace(/\/README\.md$/, "")
    .replace(/\.md$/, "");
  return file.includes("/") ? document : document.toLowerCase();
}

/** A link from one page to another that holds wherever the site lies, and in a folder that is read by hand. */
export function linkBetween(from: string, to: string): string {
  const link = path.posix.relative(placeOf(from), placeOf(to));
  return link === "" ? "./" : `${link}/`;
}
