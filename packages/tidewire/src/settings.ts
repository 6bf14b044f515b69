// The settings of the standalone server: flags before the environment, each checked once.
import path from "node:path";
import type { Mode } from "@tidewire/server";
import { hostsFor, modeFor, readSecrets, SettingsError } from "./host/settings.ts";

export interface Flags {
  readonly port?: string;
  readonly host?: string;
  readonly data?: string;
  readonly engine?: string;
}

export interface Settings {
  readonly port: number;
  readonly hosts: readonly string[];
  readonly mode: Mode;
  readonly dataFolder: string;
  readonly engine: "sqlite" | "memory";
  /** `null`: one is made and kept in the data folder, in development alone. */
  readonly apiKey: string | null;
  readonly origins: readonly string[];
  readonly trustProxy: readonly string[];
}

/** @throws {SettingsError} which names the setting, what was expected and what came. */
export function readSettings(flags: Flags, env: NodeJS.ProcessEnv): Settings {
  const given = readSecrets(env, ["TIDEWIRE_API_KEY"]);
  const hosts = hostsFor(flags.host ?? given["HOST"]);
  const mode = modeFor(given["NODE_ENV"], hosts);
  const apiKey = given["TIDEWIRE_API_KEY"] ?? null;
  if (apiKey !== null && apiKey.length < 16) {
    throw new SettingsError(`TIDEWIRE_API_KEY: expected at least 16 characters, got ${apiKey.length}`);
  }
  if (apiKey === null && mode === "production") {
    throw new SettingsError(
      "TIDEWIRE_API_KEY: in production set it, to at least 16 characters, before the first start",
    );
  }
  return {
    port: portOf(flags.port ?? given["PORT"] ?? "8080"),
    hosts,
    mode,
    dataFolder: path.resolve(flags.data ?? given["TIDEWIRE_DATA"] ?? "./data"),
    engine: engineOf(flags.engine ?? given["TIDEWIRE_ENGINE"] ?? "sqlite"),
    apiKey,
    origins: listOf(given["TIDEWIRE_ORIGINS"]),
    trustProxy: listOf(given["TIDEWIRE_TRUST_PROXY"]),
  };
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new SettingsError(`PORT: expected an integer from 0 to 65535, got ${JSON.stringify(text)}`);
}

function engineOf(text: string): Settings["engine"] {
  if (text === "sqlite" || text === "memory") return text;
  throw new SettingsError(`TIDEWIRE_ENGINE: expected sqlite or memory, got ${JSON.stringify(text)}`);
}

function listOf(text: string | undefined): readonly string[] {
  return (text ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}
