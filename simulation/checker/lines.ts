// Histories as lines: one record of JSON each, as a run writes them and the checker reads them again.
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { Checker } from "./checker.ts";
import type { HistoryRecord } from "./records.ts";

/** Checks a file of any length. @throws {SyntaxError} for a line that is not JSON, with its number. */
export async function checkFile(file: string): Promise<Checker> {
  const checker = new Checker();
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    if (line !== "") checker.read(recordOf(line, checker.records + 1));
  }
  return checker;
}

function recordOf(line: string, number: number): HistoryRecord {
  try {
    return JSON.parse(line) as HistoryRecord;
  } catch (thrown) {
    throw new SyntaxError(`record ${number}: expected JSON, got ${line.slice(0, 40)}`, { cause: thrown });
  }
}
