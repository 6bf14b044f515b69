// Looks at every link of the built site: it leads to a file of the site, and to an element where it names one.
import { globSync, readFileSync, statSync } from "node:fs";
import path from "node:path";

const attribute = /\s(?:href|src)="([^"]*)"/g;
const identified = /\sid="([^"]*)"/g;

const unescaped = (text: string): string =>
  text.replaceAll("&amp;", "&").replaceAll("&#38;", "&").replaceAll("&#x26;", "&").replaceAll("&quot;", '"');

interface Site {
  readonly folder: string;
  /** The path that the site lies at, with a slash at its end. */
  readonly base: string;
}

/** @returns A sentence for each link that leads nowhere, and how many were looked at. */
export function checkBuiltLinks({ folder, base }: Site): {
  readonly count: number;
  readonly problems: readonly string[];
} {
  const problems: string[] = [];
  const ids = new Map<string, ReadonlySet<string>>();
  let count = 0;
  const idsOf = (file: string): ReadonlySet<string> => {
    const known =
      ids.get(file) ??
      new Set([...readFileSync(file, "utf8").matchAll(identified)].map(([, id = ""]) => unescaped(id)));
    ids.set(file, known);
    return known;
  };
  for (const name of globSync("**/*.html", { cwd: folder }).sort()) {
    const page = `/${name.replaceAll(path.sep, "/").replace(/index\.html$/, "")}`;
    const text = readFileSync(path.join(folder, name), "utf8");
    for (const [, written = ""] of text.matchAll(attribute)) {
      const target = unescaped(written);
      if (/^[a-z]+:|^\/\//.test(target)) continue;
      count += 1;
      const { pathname, hash } = new URL(target, `http://site${base}${page.slice(1)}`);
      const file = fileAt({ folder, base }, decodeURIComponent(pathname));
      if (file === null) problems.push(`${page}: ${target} leads nowhere`);
      else if (hash.length > 1 && file.endsWith(".html") && !idsOf(file).has(decodeURIComponent(hash.slice(1)))) {
        problems.push(`${page}: ${target} names no element there`);
      }
    }
  }
  return { count, problems };
}

function fileAt({ folder, base }: Site, pathname: string): string | null {
  if (!`${pathname}/`.startsWith(base)) return null;
  const file = path.join(folder, pathname.slice(base.length));
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isFile() === true) return file;
  const index = path.join(file, "index.html");
  return statSync(index, { throwIfNoEntry: false })?.isFile() === true ? index : null;
}
