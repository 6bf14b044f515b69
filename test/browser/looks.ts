// How pages are looked at: both widths in both schemes, and where their pictures lie.
import { mkdirSync } from "node:fs";
import path from "node:path";
import type { BrowserContextOptions } from "playwright-core";
import { root } from "./server-process.ts";

export const pictures: string = path.join(root, "test-results/screenshots");
mkdirSync(pictures, { recursive: true });

export const looks = [
  { name: "wide light", viewport: { width: 1_440, height: 900 }, colorScheme: "light" },
  { name: "wide dark", viewport: { width: 1_440, height: 900 }, colorScheme: "dark" },
  { name: "phone light", viewport: { width: 360, height: 740 }, colorScheme: "light" },
  { name: "phone dark", viewport: { width: 360, height: 740 }, colorScheme: "dark" },
] as const satisfies readonly (BrowserContextOptions & { name: string })[];
