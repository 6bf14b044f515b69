// The pages of docs/reference by their files' names: an overview, and one for each door.
import { Catalog } from "./catalog.ts";
import { overview, pageOf } from "./markdown.ts";

export function referencePages(root: string): ReadonlyMap<string, string> {
  const catalog = new Catalog(root);
  return new Map([
    ["README.md", overview(catalog.pages)],
    ...catalog.pages.map((page) => [`${page.door.page}.md`, pageOf(page, catalog)] as const),
  ]);
}
