// The one script, which appends and announces as one act: Redis runs it whole or not at all.
import { hash } from "node:crypto";
import { logs } from "./logs.ts";
import { members } from "./members.ts";
import { operations } from "./operations.ts";
import { prelude, serverTime } from "./prelude.ts";
import { tables } from "./tables.ts";

export interface Script {
  readonly text: string;
  /** As EVALSHA names it. */
  readonly sha: string;
}

/** @param timeExpression Where it has the time from; tests move it. */
export function scriptOf(timeExpression: string = serverTime): Script {
  const text = `local now = ${timeExpression}\n` + prelude + logs + tables + members + operations;
  return { text, sha: hash("sha1", text) };
}
