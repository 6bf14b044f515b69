// The proxy events of a configuration: which backend is asked about what.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { ProxyEndpoint, ProxyOptions } from "@tidewire/server";
import type { Config, PatternConfig, ProxyConfig } from "./config.ts";

interface Reading {
  /** From which paths of files go on. */
  readonly folder: string;
  readonly note: (where: string, what: string) => void;
}

export function proxyOf({ client, channel, rpc }: Config, reading: Reading): ProxyOptions {
  const { patterns } = channel;
  const named = (is: (options: PatternConfig) => boolean): readonly string[] =>
    patterns.filter(is).map(({ pattern }) => pattern);
  const connect = endpointOf("client.proxy.connect", client.proxy.connect, reading);
  const refresh = endpointOf("client.proxy.refresh", client.proxy.refresh, reading);
  const subscribe = endpointOf("channel.proxy.subscribe", channel.proxy.subscribe, reading);
  const publish = endpointOf("channel.proxy.publish", channel.proxy.publish, reading);
  const subRefresh = endpointOf("channel.proxy.sub_refresh", channel.proxy.sub_refresh, reading);
  const answers = endpointOf("rpc.proxy", rpc.proxy, reading);
  return {
    ...(connect && { connect }),
    ...(refresh && { refresh }),
    ...(subscribe && { subscribe: { ...subscribe, patterns: named((each) => each.subscribe_proxy_enabled) } }),
    ...(publish && { publish: { ...publish, patterns: named((each) => each.publish_proxy_enabled) } }),
    ...(subRefresh && { subRefresh: { ...subRefresh, patterns: named((each) => each.sub_refresh_proxy_enabled) } }),
    ...(answers && { rpc: answers }),
  };
}

function endpointOf(place: string, config: ProxyConfig, reading: Reading): ProxyEndpoint | null {
  const { endpoint, timeout, http_headers: clientHeaders, include_connection_meta: sendsMeta, http } = config;
  if (endpoint === null) return null;
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    reading.note(`${place}.endpoint`, "expected an address that begins with http:// or https://");
  }
  const headers = { ...http.static_headers, ...headersFrom(`${place}.http.static_header_files`, http, reading) };
  return { endpoint, timeoutMs: timeout, clientHeaders, sendsMeta, headers };
}

function headersFrom(
  place: string,
  { static_header_files: files }: ProxyConfig["http"],
  { folder, note }: Reading,
): Readonly<Record<string, string>> {
  const read = Object.entries(files).map(([name, file]) => {
    const from = path.resolve(folder, file);
    if (existsSync(from)) return [name, readFileSync(from, "utf8").trim()] as const;
    note(`${place}.${name}`, `there is no file ${from}`);
    return [name, ""] as const;
  });
  return Object.fromEntries(read);
}
