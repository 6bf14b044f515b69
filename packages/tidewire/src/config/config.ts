// What a configuration says once it was read: every setting by its place in the file, defaults filled in.
import type { ChannelMode, RecoveryMode } from "@tidewire/protocol";
import type { LimitValues } from "./limit-table.ts";

/** Durations are milliseconds; `null`: not set. */
export interface Config {
  readonly http_server: { readonly address: string | null; readonly port: number };
  readonly workers: number;
  readonly node: { readonly name: string | null };
  readonly data: string;
  readonly engine: {
    /** `sqlite`, `memory`, or the address of a Redis or a NATS. */
    readonly type: string;
    readonly path: string | null;
    readonly password: string | null;
    readonly sentinel_password: string | null;
    readonly prefix: string;
    readonly durable: boolean;
  };
  readonly log: { readonly level: "debug" | "info" | "warn" | "error" };
  readonly http_api: { readonly key: string | null };
  readonly client: ClientConfig;
  readonly websocket: { readonly compression: boolean };
  readonly channel: {
    readonly patterns: readonly PatternConfig[];
    readonly proxy: {
      readonly subscribe: ProxyConfig;
      readonly publish: ProxyConfig;
      readonly sub_refresh: ProxyConfig;
    };
  };
  readonly rpc: { readonly proxy: ProxyConfig };
  readonly webhooks: readonly WebhookConfig[];
  readonly limits: LimitValues;
}

export interface ClientConfig {
  readonly allowed_origins: readonly string[];
  readonly trusted_proxies: readonly string[];
  readonly allow_anonymous_connect_without_token: boolean;
  readonly token: TokenConfig;
  readonly proxy: { readonly connect: ProxyConfig; readonly refresh: ProxyConfig };
}

export interface TokenConfig {
  readonly hmac_secret_key: string | null;
  readonly public_key: string | null;
  readonly jwks_public_endpoint: string | null;
  readonly audience: string | null;
  readonly issuer: string | null;
}

/** Where a backend is asked; without an endpoint it is not. */
export interface ProxyConfig {
  readonly endpoint: string | null;
  readonly timeout: number;
  readonly http_headers: readonly string[];
  readonly include_connection_meta: boolean;
  readonly http: {
    readonly static_headers: Readonly<Record<string, string>>;
    readonly static_header_files: Readonly<Record<string, string>>;
  };
}

/** An endpoint that is told what happens. */
export interface WebhookConfig {
  readonly name: string;
  readonly url: string;
  readonly secret: string | null;
  readonly old_secret: string | null;
  readonly types: readonly string[];
  readonly allow_http: boolean;
  readonly allow_private: boolean;
}

export interface PatternConfig {
  readonly pattern: string;
  readonly mode: ChannelMode;
  readonly key: string | null;
  readonly history_size: number | null;
  readonly history_ttl: number | null;
  readonly force_recovery_mode: RecoveryMode | null;
  readonly presence: boolean;
  readonly force_push_join_leave: boolean;
  readonly allow_subscribe_for_client: boolean;
  readonly allow_subscribe_for_anonymous: boolean;
  readonly allow_publish_for_client: boolean;
  readonly allow_publish_for_subscriber: boolean;
  readonly allow_publish_for_anonymous: boolean;
  readonly subscribe_proxy_enabled: boolean;
  readonly publish_proxy_enabled: boolean;
  readonly sub_refresh_proxy_enabled: boolean;
}
