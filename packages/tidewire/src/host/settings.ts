// What every program around a server reads from its environment, and how.
import { existsSync, readFileSync } from "node:fs";
import { isIPv6 } from "node:net";
import type { Mode } from "@tidewire/server";

/** What is wrong with the settings, for people: which one, what was expected, what came. */
export class SettingsError extends Error {
  override readonly name: string = "SettingsError";
}

/** Addresses to listen on. The first must work; the second is left out where the machine has none. */
export function hostsFor(given: string | undefined): readonly string[] {
  if (given === undefined || given === "localhost") return ["127.0.0.1", "::1"];
  return [given.startsWith("[") && isIPv6(given.slice(1, -1)) ? given.slice(1, -1) : given];
}

/** Production when NODE_ENV says so, or when others than this machine can reach it. */
export function modeFor(nodeEnv: string | undefined, hosts: readonly string[]): Mode {
  return nodeEnv === "production" || !hosts.every(isLoopback) ? "production" : "development";
}

export function isLoopback(host: string): boolean {
  return host === "::1" || host === "localhost" || /^(::ffff:)?127\./.test(host);
}

/**
 * The environment without empty variables (`PORT=` means "not set"), and with those secrets that `…_FILE` names a file for.
 * @throws {SettingsError} when there is no such file.
 */
export function readSecrets(env: NodeJS.ProcessEnv, names: readonly string[]): Readonly<Record<string, string>> {
  const read: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) if (value !== undefined && value !== "") read[name] = value;
  for (const name of names) {
    const file = read[`${name}_FILE`];
    if (file === undefined || read[name] !== undefined) continue;
    if (!existsSync(file)) throw new SettingsError(`${name}_FILE: there is no file ${file}`);
    read[name] = readFileSync(file, "utf8").trim();
  }
  return read;
}
