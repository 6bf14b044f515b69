// A log for people: one line on standard error for each thing an operator wants to know.
import type { Log, LogFields } from "@tidewire/server";

type Level = "debug" | "info" | "warn" | "error";

const order: Readonly<Record<Level, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** @param least Levels below it are left out. */
export function consoleLog(least: Level): Log {
  const write = (level: Level, message: string, fields: LogFields = {}): void => {
    if (order[level] < order[least]) return;
    const mark = level === "info" ? "" : `${level}: `;
    process.stderr.write(`  ${mark}${message}${fieldsOf(fields)}\n`);
  };
  return {
    debug: (message, fields) => write("debug", message, fields),
    info: (message, fields) => write("info", message, fields),
    warn: (message, fields) => write("warn", message, fields),
    error: (message, fields) => write("error", message, fields),
  };
}

/** What JSON leaves as it is, and terminals obey or hide: controls of eight bits, other ends of lines, directions. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** As JSON, so that nothing in a value can begin a new line or move the cursor. */
function fieldsOf(fields: LogFields): string {
  const pairs = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${JSON.stringify(value).replaceAll(unseen, escaped)}`],
  );
  return pairs.length === 0 ? "" : `  ${pairs.join(" ")}`;
}

function escaped(character: string): string {
  const units = character.split("").map((unit) => unit.charCodeAt(0).toString(16).padStart(4, "0"));
  return units.map((unit) => `\\u${unit}`).join("");
}
