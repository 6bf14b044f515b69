// The settings of the standalone server: what its configuration, environment and flags come to, checked once.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { ChannelDefinition } from "@tidewire/protocol";
import type { AccessRules, Mode } from "@tidewire/server";
import type { WebhookEndpoint } from "@tidewire/webhooks";
import { definitionOf, rulesOf } from "./config/channels.ts";
import type { Config } from "./config/config.ts";
import { parseCommented } from "./config/json-text.ts";
import { limitsOf } from "./config/limit-table.ts";
import { proxyOf } from "./config/proxies.ts";
import { type Problem, readConfig } from "./config/read.ts";
import { tokensOf } from "./config/tokens.ts";
import { webhooksOf } from "./config/webhooks.ts";
import { refusalOf, type ServerSettings } from "./server-options.ts";
import { hostsFor, modeFor, SettingsError } from "./host/settings.ts";
import { usualNodeName } from "./host/node-name.ts";
import { isSharedAddress, type SharedEngineOptions } from "./host/shared-engine.ts";

export interface Flags {
  readonly config?: string;
  readonly port?: string;
  readonly host?: string;
  readonly data?: string;
  readonly engine?: string;
  readonly workers?: string;
}

export interface Settings extends ServerSettings {
  readonly port: number;
  readonly hosts: readonly string[];
  /** What this node is called among those of its engine; `null` where it has that for itself. */
  readonly nodeName: string | null;
  /** Processes that serve clients; 0: one for each core. */
  readonly workers: number;
  readonly dataFolder: string;
  readonly engine: EngineSettings;
  readonly logLevel: Config["log"]["level"];
  /** `null`: one is made and kept in the data folder, in development alone. */
  readonly apiKey: string | null;
  /** Who is told what happens. */
  readonly webhooks: readonly WebhookEndpoint[];
  /** The file that was read; `null`: none. */
  readonly file: string | null;
}

export type EngineSettings =
  | { readonly kind: "memory" }
  /** `database` is `null` where it is in the data folder. */
  | { readonly kind: "sqlite"; readonly database: string | null }
  | ({ readonly kind: "shared" } & Omit<SharedEngineOptions, "log">);

/** The file that is read when none is named. */
const usualFiles = ["tidewire.jsonc", "tidewire.json"];

export interface Checked {
  readonly settings: Settings;
  readonly problems: readonly Problem[];
}

/** @throws {SettingsError} with every mistake: which setting, what was expected and what came. */
export function readSettings(flags: Flags, env: NodeJS.ProcessEnv): Settings {
  const { settings, problems } = checkSettings(flags, env);
  if (problems.length > 0) throw new SettingsError(problems.map(({ where, what }) => `${where}: ${what}`).join("\n  "));
  return settings;
}

/** What `settings` are is of use only without problems. @throws {SettingsError} when the file is no JSON, or not there. */
export function checkSettings(flags: Flags, env: NodeJS.ProcessEnv): Checked {
  const file = fileOf(flags.config ?? (env["TIDEWIRE_CONFIG"] || undefined));
  const folder = file === null ? "." : path.dirname(file);
  const sources = { file: file === null ? undefined : contentOf(file), folder, env, flags: { ...flags } };
  const { config, problems } = readConfig(sources);
  const found = [...problems];
  const note = (where: string, what: string): void => void found.push({ where, what });
  const hosts = hostsFor(config.http_server.address ?? undefined);
  const mode = modeFor(env["NODE_ENV"], hosts);
  const { port } = config.http_server;
  if (config.http_api.key === null && mode === "production" && !problems.some(isOfApiKey)) {
    note("TIDEWIRE_API_KEY", "in production set it, to at least 16 characters, before the first start");
  }
  if (config.engine.durable && /^(nats|tls):/.test(config.engine.type)) {
    note("engine.durable", "expected nothing with NATS, whose streams themselves say what they are, got on");
  }
  if (config.engine.durable && config.engine.type.includes("+sentinel:")) {
    note("engine.durable", "expected nothing with Sentinels, since a replica that takes over may have less, got on");
  }
  const settings = {
    port,
    hosts,
    workers: config.workers,
    nodeName: config.node.name ?? (isSharedAddress(config.engine.type) ? (usualNodeName(port) ?? null) : null),
    mode,
    dataFolder: config.data,
    engine: engineOf(config),
    logLevel: config.log.level,
    apiKey: config.http_api.key,
    origins: config.client.allowed_origins,
    trustProxy: config.client.trusted_proxies,
    compression: config.websocket.compression,
    tokens: tokensOf(config.client.token, note),
    channels: channelsOf(config, note),
    access: accessOf(config, mode),
    proxy: proxyOf(config, { folder, note }),
    limits: limitsOf(config.limits),
    webhooks: webhooksOf(config, note),
    file,
  };
  const refusal = found.length > 0 ? null : refusalOf(settings);
  if (refusal !== null) note("the server refuses", refusal);
  return { settings, problems: found.map(({ where, what }) => ({ where: printable(where), what: printable(what) })) };
}

/** What a file says may be quoted, and must not move the cursor of a terminal. */
const printable = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, "\uFFFD");

const isOfApiKey = ({ where }: Problem): boolean => /API_KEY|http_api/.test(where);

function fileOf(named: string | undefined): string | null {
  if (named !== undefined) return path.resolve(named);
  return usualFiles.map((name) => path.resolve(name)).find((name) => existsSync(name)) ?? null;
}

function contentOf(file: string): unknown {
  if (!existsSync(file)) throw new SettingsError(`there is no file ${file}`);
  try {
    return parseCommented(readFileSync(file, "utf8"));
  } catch (thrown) {
    throw new SettingsError(`${file}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

/** Whoever has something against a setting: where it stands, and what is wrong. */
type Note = (where: string, what: string) => void;

function channelsOf({ channel }: Config, note: Note): readonly ChannelDefinition[] {
  const patterns = new Set<string>();
  return channel.patterns.flatMap((options, index) => {
    const where = `channel.patterns[${index}]`;
    // Nothing stands in its place.
    if (typeof options.pattern !== "string") {
      note(`${where}.pattern`, "expected a text, got nothing");
      return [];
    }
    if (patterns.has(options.pattern)) note(where, `the pattern ${JSON.stringify(options.pattern)} was there before`);
    patterns.add(options.pattern);
    for (const name of ["subscribe", "publish", "sub_refresh"] as const) {
      if (options[`${name}_proxy_enabled`] && channel.proxy[name].endpoint === null) {
        note(`${where}.${name}_proxy_enabled`, `expected an endpoint in channel.proxy.${name}, got none`);
      }
    }
    try {
      return [definitionOf(options)];
    } catch (thrown) {
      note(where, thrown instanceof Error ? thrown.message : String(thrown));
      return [];
    }
  });
}

function engineOf({ engine }: Config): EngineSettings {
  const { type, path: database, password, sentinel_password: sentinelPassword, prefix, durable } = engine;
  if (type === "memory") return { kind: "memory" };
  if (type === "sqlite") return { kind: "sqlite", database };
  return { kind: "shared", address: type, password, sentinelPassword, prefix, durable };
}

function accessOf({ client, channel }: Config, mode: Mode): AccessRules {
  const rules = rulesOf(channel.patterns);
  if (mode === "development" || !client.allow_anonymous_connect_without_token) return rules;
  return {
    ...rules,
    connect: ({ claims }) => (claims === null ? { user: "" } : { user: claims.user, info: claims.info }),
  };
}
