// The scripts, each of which announces what it does as one act: Redis runs it whole or not at all.
//
// There are several because Redis defines all that a script says anew each time it runs: none says more than it needs.
import { hash } from "node:crypto";
import { fail } from "@tidewire/protocol";
import { appending } from "./appending.ts";
import { channels, records } from "./channels.ts";
import { mendingEnding, plainEnding } from "./ending.ts";
import { lane, serverTime } from "./lane.ts";
import { logPages, logs } from "./logs.ts";
import { members } from "./members.ts";
import { publishing } from "./publishing.ts";
import { places, reading } from "./reading.ts";
import { setting } from "./setting.ts";
import { tablePages, tables } from "./tables.ts";
import { upkeep } from "./upkeep.ts";

const about = {
  log: [lane, channels, records, logs, publishing, appending, mendingEnding],
  table: [lane, channels, records, tables, publishing, setting, mendingEnding],
  page: [lane, channels, records, logs, tables, logPages, tablePages, reading, mendingEnding],
  place: [lane, channels, places, plainEnding],
  upkeep: [lane, channels, records, logs, tables, upkeep, mendingEnding],
  member: [lane, members, plainEnding],
} as const;

type Subject = keyof typeof about;

const subjects: Readonly<Record<string, Subject>> = {
  append: "log",
  pass: "log",
  set: "table",
  remove: "table",
  read: "page",
  tops: "place",
  beacon: "place",
  due: "place",
  clear: "upkeep",
  visit: "upkeep",
  take: "member",
  release: "member",
  enter: "member",
  leave: "member",
  who: "member",
  bury: "member",
  touch: "member",
  resign: "member",
  lease: "member",
};

interface Script {
  readonly text: string;
  /** As EVALSHA names it. */
  readonly sha: string;
}

export interface Scripts {
  /** What is loaded before any of them is called. */
  readonly texts: readonly string[];
  /** The one that does this, as EVALSHA names it. @throws {TidewireError} `internal` */
  shaOf(operation: string): string;
}

/** @param timeExpression Where they have the time from; tests move it. */
export function scriptsOf(timeExpression: string = serverTime): Scripts {
  const scriptOf = (parts: readonly string[]): Script => {
    const text = `local now = ${timeExpression}\n${parts.join("")}`;
    return { text, sha: hash("sha1", text) };
  };
  const scripts = new Map(Object.entries(about).map(([subject, parts]) => [subject, scriptOf(parts)]));
  const shas = new Map(Object.entries(subjects).map(([operation, subject]) => [operation, scripts.get(subject)?.sha]));
  return {
    texts: [...scripts.values()].map(({ text }) => text),
    shaOf: (operation) => shas.get(operation) ?? fail("internal", `Redis has no script for ${operation}`),
  };
}
