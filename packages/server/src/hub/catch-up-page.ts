// A page of history, as cursors read it.
import type { Position } from "@tidewire/protocol";
import type { Page } from "../engine/engine.ts";
import type { Bytes } from "./bytes.ts";
import type { View } from "./view.ts";

/** A page of history for one cursor, shared with others that asked for the same. */
export interface CatchUpPage {
  readonly page: Page;
  /** The frames of its publications but the first `from`: at most `maxBytes`, but at least one. */
  run(view: View, from: number, maxBytes: number): Bytes;
}

/** Whether the page goes on exactly where `position` ends: S3, S5. */
export function continues(page: Page, position: Position): boolean {
  const first = page.publications[0];
  if (first === undefined) return page.top.offset === position.offset;
  return (first.previous?.offset ?? 0) === position.offset;
}
