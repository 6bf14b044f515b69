// The cursors at the head of one log: each is woken once by an append, which takes it from the list.
import type { Cursor } from "./cursor.ts";

export class LiveCursors {
  #live: Cursor[] = [];
  #spare: Cursor[] = [];

  get size(): number {
    return this.#live.length;
  }

  add(cursor: Cursor): void {
    cursor.liveIndex = this.#live.length;
    this.#live.push(cursor);
  }

  remove(cursor: Cursor): void {
    const last = this.#live.pop();
    if (last !== undefined && last !== cursor) {
      this.#live[cursor.liveIndex] = last;
      last.liveIndex = cursor.liveIndex;
    }
    cursor.liveIndex = -1;
  }

  /** Whatever is appended before they have pulled costs nothing per subscriber. */
  wake(): void {
    const woken = this.#live;
    if (woken.length === 0) return;
    this.#live = this.#spare;
    this.#spare = woken;
    for (const cursor of woken) {
      cursor.liveIndex = -1;
      cursor.wake();
    }
    woken.length = 0;
  }
}
