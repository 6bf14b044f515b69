// What a row shows beside its text.
import { describe, expect, it } from "vitest";
import { groupMs, planRow, type RowSource } from "./row-plan.ts";

const noon = new Date(2026, 5, 15, 12).getTime();
const row = (author: string, afterMs: number, seq: number | null = 1): RowSource => ({
  author: { id: author, name: author },
  atMs: noon + afterMs,
  seq,
});

describe("a row", () => {
  it("shows its author unless the one before is the same person's, a moment ago", () => {
    expect(planRow(row("a", 0), null, null).showsAuthor).toBe(true);
    expect(planRow(row("a", groupMs - 1), row("a", 0), null).showsAuthor).toBe(false);
    expect(planRow(row("a", groupMs), row("a", 0), null).showsAuthor).toBe(true);
    expect(planRow(row("b", 1), row("a", 0), null).showsAuthor).toBe(true);
  });

  it("begins a day with the first of it", () => {
    expect(planRow(row("a", 0), null, null).startsDay).toBe(true);
    expect(planRow(row("a", 1), row("a", 0), null).startsDay).toBe(false);
    expect(planRow(row("a", 12 * 3_600_000), row("a", 12 * 3_600_000 - 1), null).startsDay).toBe(true);
  });

  it("begins what is new once, and shows its author there", () => {
    expect(planRow(row("a", 1, 8), row("a", 0, 7), 7)).toMatchObject({ startsNew: true, showsAuthor: true });
    expect(planRow(row("a", 1, 9), row("a", 0, 8), 7).startsNew).toBe(false);
    expect(planRow(row("a", 1, null), row("a", 0, 7), 7).startsNew).toBe(false);
    expect(planRow(row("a", 1, 8), row("a", 0, 7), null).startsNew).toBe(false);
  });
});
