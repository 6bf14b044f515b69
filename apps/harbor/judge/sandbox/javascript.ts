// TypeScript to JavaScript: its types become blanks, so that lines and columns stay what they were.
import { stripTypeScriptTypes } from "node:module";
import type { Order } from "./order.ts";

/** @throws {Error} for what is no TypeScript, or has parts that are more than types, such as enums. */
export function javaScriptOf({ language, source }: Pick<Order, "language" | "source">): string {
  return language === "javascript" ? source : stripTypeScriptTypes(source, { mode: "strip" });
}

/** Loads what `javaScriptOf` needs. */
export function prepare(language: Order["language"]): void {
  javaScriptOf({ language, source: "" });
}
