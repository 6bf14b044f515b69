// Tells a package that is written from one that is only a name in the workspace.
import { existsSync, readFileSync } from "node:fs";

/** True while the file is missing or holds nothing but `export {};`. */
export function isPlaceholder(file: string | URL): boolean {
  return !existsSync(file) || readFileSync(file, "utf8").trim() === "export {};";
}
