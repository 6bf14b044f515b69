// The list of pages beside each page of the site, which is written by hand: no document may be missing from it.
import { readFileSync } from "node:fs";
import type { Page } from "./markdown.ts";

/** The places of documents that neither `sidebar` lists nor a folder of it holds. */
export function unlistedIn(sidebar: string, pages: ReadonlyMap<string, Page>): readonly string[] {
  const text = readFileSync(sidebar, "utf8");
  const listed = new Set([...text.matchAll(/"slug": "([^"]+)"/g)].map(([, slug = ""]) => slug));
  const folders = [...text.matchAll(/"directory": "([^"]+)"/g)].map(([, folder = ""]) => `${folder}/`);
  const documents = [...pages].filter(([, { isDocument }]) => isDocument).map(([place]) => place);
  return documents.filter((place) => !listed.has(place) && !folders.some((folder) => place.startsWith(folder)));
}
