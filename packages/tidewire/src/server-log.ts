// The log of a server: for people in development, a line of JSON each in production, both on standard error.
import type { Log, LogFields } from "@tidewire/server";
import { pino } from "pino";
import { consoleLog } from "./host/console-log.ts";
import type { Settings } from "./settings.ts";

export function logOf({ mode, logLevel }: Pick<Settings, "mode" | "logLevel">): Log {
  return mode === "development" ? consoleLog(logLevel) : jsonLog(logLevel);
}

function jsonLog(level: Settings["logLevel"]): Log {
  const log = pino({ level }, pino.destination(2));
  return {
    debug: (message, fields: LogFields = {}) => log.debug(fields, message),
    info: (message, fields: LogFields = {}) => log.info(fields, message),
    warn: (message, fields: LogFields = {}) => log.warn(fields, message),
    error: (message, fields: LogFields = {}) => log.error(fields, message),
  };
}
