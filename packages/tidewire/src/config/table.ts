// The table of settings: each one's place, kind, default, names and meaning. The schema, the example and the checks come from it.
import type { ChannelMode, RecoveryMode } from "@tidewire/protocol";
import type { ClientConfig, Config, PatternConfig, ProxyConfig, TokenConfig, WebhookConfig } from "./config.ts";
import {
  choice,
  duration,
  type Group,
  group,
  integer,
  type Leaf,
  optionalPlace,
  optionalText,
  place,
  processes,
  secret,
  text,
  textMap,
  texts,
  toggle,
  wordOrAddress,
} from "./field.ts";
import { expectedAddress, isSharedAddress } from "../host/shared-engine.ts";
import { limitTable } from "./limit-table.ts";

/** 24 bytes in base64, behind "whsec_". */
const leastSecretLength = 38;

function proxy(about: string, path: string): Group<ProxyConfig> {
  return group(about, {
    endpoint: optionalText({
      about: "The backend's address; without one it is not asked.",
      example: `http://localhost:3000/${path}`,
    }),
    timeout: duration({ about: "That it may take to answer.", fallback: 1_000 }),
    http_headers: texts({ about: "Headers of the client's request that are passed on, such as Cookie." }),
    include_connection_meta: toggle({ about: "Whether the backend is sent the meta that it gave at connect." }),
    http: group<ProxyConfig["http"]>("How the backend is asked.", {
      static_headers: textMap({ about: "Headers of every request." }),
      static_header_files: textMap({
        about: "The same for secrets: each header's value is what a file holds.",
      }),
    }),
  });
}

const token: Group<TokenConfig> = group("How tokens of clients are verified: by one of the first three.", {
  hmac_secret_key: secret(
    {
      about: "The secret of tokens by HMAC (HS256, HS384, HS512), at least 32 characters.",
      env: "TIDEWIRE_TOKEN_SECRET",
      example: "/run/secrets/tidewire-token",
    },
    32,
  ),
  public_key: secret(
    {
      about: "The public key of tokens, as PEM: RSA, P-256 to P-521 or Ed25519.",
      env: "TIDEWIRE_TOKEN_PUBLIC_KEY",
      example: "/etc/tidewire/issuer.pem",
    },
    64,
  ),
  jwks_public_endpoint: optionalText({
    about: "Where the issuer publishes its keys; with TLS, unless it is this machine.",
    env: "TIDEWIRE_JWKS_URL",
    example: "https://issuer.example/.well-known/jwks.json",
  }),
  audience: optionalText({ about: "What aud of a token must be.", example: "tidewire" }),
  issuer: optionalText({ about: "What iss of a token must be.", example: "https://issuer.example" }),
});

const client: Group<ClientConfig> = group("Who may connect.", {
  allowed_origins: texts({
    about: "Pages that may connect, such as https://app.example; those of this host may anyway.",
    env: "TIDEWIRE_ORIGINS",
  }),
  trusted_proxies: texts({
    about: "Addresses of balancers whose X-Forwarded-For counts.",
    env: "TIDEWIRE_TRUST_PROXY",
  }),
  allow_anonymous_connect_without_token: toggle({
    about: "Whether whoever shows no token comes in as a guest; in development guests come in anyway.",
  }),
  token,
  proxy: group<ClientConfig["proxy"]>("Events that a backend decides, as Centrifugo's proxies ask it.", {
    connect: proxy("Asked for whoever shows no token.", "connect"),
    refresh: proxy("Asked when a connection's time is over, in the place of its client.", "refresh"),
  }),
});

const pattern: Group<PatternConfig> = group("A family of channels.", {
  pattern: text({ about: 'A name, or a name with parameters, such as "chat:{room}".', example: "chat:{room}" }),
  mode: choice<ChannelMode>(
    {
      about:
        "stream: in order, without a gap. signal: at most once, nothing is kept. latest: the newest value of each key.",
      fallback: "stream",
    },
    ["stream", "signal", "latest"],
  ),
  key: optionalText({ about: "latest alone: which field of a value is its key.", example: "symbol" }),
  history_size: integer(
    { about: "stream alone: publications that are kept. Default: 100.", example: 100 },
    [1, 1_000_000],
  ) as Leaf<number | null>,
  history_ttl: duration({ about: "How long each is kept; of latest, a removal. Default: 5m.", example: "5m" }) as Leaf<
    number | null
  >,
  force_recovery_mode: choice<RecoveryMode>(
    { about: "stream alone: whoever comes back gets all it has missed, or with cache the newest.", example: "stream" },
    ["stream", "cache"],
  ) as Leaf<RecoveryMode | null>,
  presence: toggle({ about: "Whether members are known." }),
  force_push_join_leave: toggle({ about: "Whether all are told who joins and leaves; needs presence." }),
  allow_subscribe_for_client: toggle({ about: "Whether users may subscribe without a token for the channel." }),
  allow_subscribe_for_anonymous: toggle({ about: "Whether guests may." }),
  allow_publish_for_client: toggle({ about: "Whether users may publish." }),
  allow_publish_for_subscriber: toggle({ about: "Whether who is subscribed may." }),
  allow_publish_for_anonymous: toggle({ about: "Whether guests may." }),
  subscribe_proxy_enabled: toggle({ about: "Whether channel.proxy.subscribe decides who may subscribe." }),
  publish_proxy_enabled: toggle({ about: "Whether channel.proxy.publish decides who may publish." }),
  sub_refresh_proxy_enabled: toggle({ about: "Whether channel.proxy.sub_refresh prolongs subscriptions." }),
});

const patternExamples = [
  {
    pattern: "chat:{room}",
    history_size: 500,
    history_ttl: "24h",
    presence: true,
    allow_subscribe_for_client: true,
    allow_publish_for_subscriber: true,
  },
  { pattern: "prices", mode: "latest", key: "symbol", allow_subscribe_for_client: true },
];

const webhook: Group<WebhookConfig> = group("An endpoint.", {
  name: text({ about: 'What it is called: letters, digits, "_" and "-".', example: "backend" }),
  url: text({ about: "Where it is, with TLS.", example: "https://app.example/hooks/tidewire" }),
  secret: secret(
    {
      about: 'By what everything is signed: "whsec_" and 24 to 64 random bytes in base64.',
      example: "/run/secrets/webhook",
    },
    leastSecretLength,
  ),
  old_secret: secret(
    { about: "The one before, while it is replaced: signed by both.", example: "/run/secrets/webhook-old" },
    leastSecretLength,
  ),
  types: texts({ about: "What it is told, such as member.joined or member.*; without, everything." }),
  allow_http: toggle({ about: "Whether it may be told without TLS." }),
  allow_private: toggle({ about: "Whether it may be this machine, or in a private network." }),
});

const serverFields: Pick<Group<Config>["fields"], "http_server" | "data" | "engine" | "log" | "http_api"> = {
  http_server: group<Config["http_server"]>("Where it listens.", {
    address: optionalText({
      about: "The address; without one this machine alone. On any other, production rules apply.",
      env: "HOST",
      flag: { name: "host", placeholder: "address" },
      example: "0.0.0.0",
    }),
    port: integer(
      { about: "The port.", env: "PORT", flag: { name: "port", placeholder: "number" }, fallback: 8_080 },
      [0, 65_535],
    ),
  }),
  data: place({
    about: "The folder of everything kept on disk.",
    env: "TIDEWIRE_DATA",
    flag: { name: "data", placeholder: "folder" },
    fallback: "./data",
  }),
  engine: group<Config["engine"]>("Where the logs of channels are kept.", {
    type: wordOrAddress(
      {
        about:
          "sqlite survives crashes and restarts, memory nothing; a Redis, Valkey or NATS is shared by several nodes.",
        env: "TIDEWIRE_ENGINE",
        flag: { name: "engine", placeholder: "name" },
        fallback: "sqlite",
      },
      ["sqlite", "memory"],
      { isAddress: isSharedAddress, expected: expectedAddress, pattern: "^(rediss?(\\+sentinel)?|nats|tls)://" },
    ),
    path: optionalPlace({
      about: "sqlite alone: the database. Default: tidewire.db in the data folder.",
      example: "./data/tidewire.db",
    }),
    password: secret(
      { about: "Redis and NATS: the password, instead of one in the address.", example: "/run/secrets/redis" },
      1,
    ),
    sentinel_password: secret(
      { about: "Redis behind Sentinels: the Sentinels' own password.", example: "/run/secrets/sentinel" },
      1,
    ),
    prefix: text({
      about: "Redis and NATS: what all keys or streams begin with, so that several applications can share a server.",
      fallback: "tidewire",
    }),
    durable: toggle({
      about: "Redis alone: whether it never comes back older than it was; it has to sync every write.",
    }),
  }),
  log: group<Config["log"]>("What is logged.", {
    level: choice({ about: "The least of it.", env: "TIDEWIRE_LOG", fallback: "info" }, [
      "debug",
      "info",
      "warn",
      "error",
    ]),
  }),
  http_api: group<Config["http_api"]>("The server API at /api.", {
    key: secret(
      {
        about: "Its key, at least 16 characters. In development one is made when there is none.",
        env: "TIDEWIRE_API_KEY",
        example: "/run/secrets/tidewire-api",
      },
      16,
    ),
  }),
};

export const table: Group<Config> = group<Config>("Settings of the standalone Tidewire server.", {
  ...serverFields,
  workers: processes({
    about: "Processes that serve clients; 0 is one for each core. With more than one, another keeps the logs.",
    flag: { name: "workers", placeholder: "number" },
    fallback: 1,
  }),
  node: group<Config["node"]>("What stands for this node in the figures of several.", {
    name: optionalText({
      about: "Its name, which no other has. Default: on a Redis or NATS the machine's, with the port.",
      env: "TIDEWIRE_NODE",
      example: "one",
    }),
  }),
  client,
  websocket: group<Config["websocket"]>("WebSocket connections.", {
    compression: toggle({ about: "Whether clients may agree on permessage-deflate.", env: "TIDEWIRE_COMPRESSION" }),
  }),
  channel: group<Config["channel"]>("Channels.", {
    patterns: {
      kind: "list",
      about: "The channels there are; the first that fits a name counts, and a name that fits none is refused.",
      item: pattern,
      required: ["pattern"],
      example: patternExamples,
    },
    proxy: group<Config["channel"]["proxy"]>("Events of channels that a backend decides, where a pattern says so.", {
      subscribe: proxy("Asked who may subscribe.", "subscribe"),
      publish: proxy("Asked who may publish, and what.", "publish"),
      sub_refresh: proxy("Asked when a subscription's time is over.", "sub_refresh"),
    }),
  }),
  rpc: group<Config["rpc"]>("Calls of clients.", { proxy: proxy("Answers them.", "rpc") }),
  webhooks: {
    kind: "list",
    about: "Endpoints that are told who connects, which channels are occupied and who is in them (docs/webhooks.md).",
    item: webhook,
    // One that somebody has would not work for anybody else.
    example: [],
    required: ["name", "url", "secret"],
  },
  limits: limitTable,
});
