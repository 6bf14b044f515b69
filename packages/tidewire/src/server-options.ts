// What settings come to as options of the server; what it will refuse is known before anything is opened.
import type { ChannelDefinition } from "@tidewire/protocol";
import {
  type AccessRules,
  createTidewire,
  type Limits,
  type Mode,
  type ProxyOptions,
  type ServerOptions,
  type TokenOptions,
} from "@tidewire/server";
import { developmentChannels, developmentOptions } from "./host/development.ts";

/** The settings that are the server's own. */
export interface ServerSettings {
  readonly mode: Mode;
  readonly origins: readonly string[];
  readonly trustProxy: readonly string[];
  /** Whether WebSocket clients may agree on compression. */
  readonly compression: boolean;
  /** How tokens of clients are verified; `null`: they are not. */
  readonly tokens: TokenOptions | null;
  readonly channels: readonly ChannelDefinition[];
  readonly access: AccessRules;
  readonly proxy: ProxyOptions;
  readonly limits: Partial<Limits>;
}

/** All but what is opened or kept: the engine, the key, the log. */
export function serverOptionsOf(settings: ServerSettings): ServerOptions {
  const { access, proxy, limits, mode, origins, trustProxy, compression, tokens } = settings;
  return {
    channels: channelsOf(settings),
    access,
    proxy,
    limits,
    mode,
    origins,
    trustProxy,
    compression,
    ...(mode === "development" ? developmentOptions : {}),
    ...(tokens === null ? {} : { tokens }),
  };
}

/** In development there are some more; those of the configuration come first. */
function channelsOf({ mode, channels }: ServerSettings): readonly ChannelDefinition[] {
  if (mode === "production") return channels;
  const taken = new Set(channels.map(({ pattern }) => pattern));
  return [...channels, ...developmentChannels.filter(({ pattern }) => !taken.has(pattern))];
}

/** Why the server would refuse them; `null` when it would not. It does nothing before it is started. */
export function refusalOf(settings: ServerSettings): string | null {
  try {
    createTidewire(serverOptionsOf(settings));
    return null;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}
