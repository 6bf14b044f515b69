// `npm run reference`: writes docs/reference from the docstrings and types of the packages' sources.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { referencePages } from "./pages.ts";

const root = path.resolve(import.meta.dirname, "../..");
const folder = path.join(root, "docs/reference");
const pages = referencePages(root);

mkdirSync(folder, { recursive: true });
for (const name of readdirSync(folder)) if (!pages.has(name)) rmSync(path.join(folder, name));
for (const [name, text] of pages) writeFileSync(path.join(folder, name), text);
console.log(`${pages.size} pages in docs/reference`);
