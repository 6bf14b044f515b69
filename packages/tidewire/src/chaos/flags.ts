// The flags of `tidewire chaos`, each checked once.
import { type Direction, type Faults, parseFaults } from "@tidewire/client/testing";
import type { Command } from "commander";
import { SettingsError } from "../host/settings.ts";
import { parseTarget, type Target } from "./target.ts";

/** What commander makes of the command line: text for flags with a value, true for those without. */
export interface ChaosFlags extends Readonly<Record<string, string | true | undefined>> {
  readonly to: string;
  readonly listen?: string;
  readonly control?: string;
  readonly direction?: string;
}

export interface ChaosSettings {
  readonly target: Target;
  readonly listenPort: number;
  readonly controlPort: number;
  readonly faults: Faults;
  readonly direction: Direction | undefined;
}

/** Each flag is a fault's name: `--delay-ms` sets `delayMs`. */
const faultFlags = [
  ["--delay-ms <ms>", "bytes arrive this much later (1 to 600000)"],
  ["--jitter-ms <ms>", "and up to this much later still (1 to 600000)"],
  ["--bytes-per-second <n>", "bandwidth of each direction"],
  ["--slice-bytes <n>", "write in pieces of this many bytes (1 to 65536)"],
  ["--stop-reading", "read nothing, so that TCP holds the sending side back"],
  ["--stop-writing", "write nothing, and hold up to 1 MiB"],
  ["--half-open", "swallow everything and tell nobody"],
  ["--cut-every-ms <ms>", "cut each connection after this time (1000 to 86400000)"],
  ["--cut-jitter-ms <ms>", "and up to this much later"],
  ["--cut-by <how>", "reset (RST) or end (FIN); default reset"],
  ["--refuse", "refuse new connections"],
  ["--hang", "accept new connections and do not dial the server"],
] as const;

export function addFlags(command: Command): Command {
  command
    .requiredOption("--to <url>", "the server: ws://, http://, tcp:// or redis:// URL, or host:port")
    .option("--listen <port>", "port to listen on (default a free one)")
    .option("--control <port>", "port of the control over HTTP, on this machine alone (default a free one)")
    .option("--direction <up|down>", "have the faults in one direction: up, to the server, or down, to the client");
  for (const [flag, what] of faultFlags) command.option(flag, what);
  return command;
}

/** @throws {SettingsError} which names the setting, what was expected and what came. */
export function readChaosFlags({ to, listen, control, direction, ...rest }: ChaosFlags): ChaosSettings {
  return {
    target: parseTarget(to),
    listenPort: portOf("--listen", listen ?? "0"),
    controlPort: portOf("--control", control ?? "0"),
    faults: faultsOf(rest),
    direction: directionOf(direction),
  };
}

function faultsOf(flags: Readonly<Record<string, string | true | undefined>>): Faults {
  const given = Object.entries(flags).map(([name, value]) => [name, numberOr(value)]);
  try {
    return parseFaults(Object.fromEntries(given));
  } catch (thrown) {
    throw new SettingsError(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

/** Text that is no number stays text, so that the refusal shows what came. */
function numberOr(value: string | true | undefined): string | number | true | undefined {
  return typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
}

function portOf(flag: string, text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new SettingsError(`${flag}: expected an integer from 0 to 65535, got ${JSON.stringify(text)}`);
}

function directionOf(text: string | undefined): Direction | undefined {
  if (text === undefined || text === "up" || text === "down") return text;
  throw new SettingsError(`--direction: expected up or down, got ${JSON.stringify(text)}`);
}
