// The settings of the standalone server: flags before the environment, each checked once.
import path from "node:path";
import type { Mode, TokenOptions } from "@tidewire/server";
import { hostsFor, isLoopback, modeFor, readSecrets, SettingsError } from "./host/settings.ts";

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
  /** Whether WebSocket clients may agree on compression. */
  readonly compression: boolean;
  /** How tokens of clients are verified; `null`: they are not. */
  readonly tokens: TokenOptions | null;
}

/** @throws {SettingsError} which names the setting, what was expected and what came. */
export function readSettings(flags: Flags, env: NodeJS.ProcessEnv): Settings {
  const given = readSecrets(env, ["TIDEWIRE_API_KEY", "TIDEWIRE_TOKEN_SECRET"]);
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
    compression: switchOf("TIDEWIRE_COMPRESSION", given["TIDEWIRE_COMPRESSION"] ?? "off"),
    tokens: tokensOf(given["TIDEWIRE_TOKEN_SECRET"], given["TIDEWIRE_JWKS_URL"]),
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

function tokensOf(secret: string | undefined, jwksUrl: string | undefined): TokenOptions | null {
  if (secret !== undefined && jwksUrl !== undefined) {
    throw new SettingsError("TIDEWIRE_TOKEN_SECRET, TIDEWIRE_JWKS_URL: expected one of them, got both");
  }
  if (secret !== undefined) {
    if (secret.length >= 32) return { secret };
    throw new SettingsError(`TIDEWIRE_TOKEN_SECRET: expected at least 32 characters, got ${secret.length}`);
  }
  if (jwksUrl === undefined) return null;
  const url = URL.canParse(jwksUrl) ? new URL(jwksUrl) : null;
  // Whoever answers there decides who may come in: without TLS that is anybody on the way.
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && hostsFor(url.hostname).every(isLoopback));
  if (isSafe) return { jwksUrl };
  throw new SettingsError(
    `TIDEWIRE_JWKS_URL: expected an address that begins with https://, got ${JSON.stringify(jwksUrl)}`,
  );
}

function switchOf(name: string, text: string): boolean {
  if (text === "on" || text === "off") return text === "on";
  throw new SettingsError(`${name}: expected on or off, got ${JSON.stringify(text)}`);
}

function listOf(text: string | undefined): readonly string[] {
  return (text ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}
