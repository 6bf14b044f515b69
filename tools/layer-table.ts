// Who may import whom, as data. tools/layers.ts reads it; ARCHITECTURE, "Imports point down", says why.

/** For each place, the places it may import; itself always. Type imports count. */
export type LayerTable = Readonly<Record<string, readonly string[]>>;

/** Packages and the parts of apps, by folder. */
export const packageLayers: LayerTable = {
  "packages/protocol": [],
  "packages/server": ["packages/protocol"],
  "packages/client": ["packages/protocol"],
  "packages/react": ["packages/client", "packages/protocol"],
  "packages/jobs": ["packages/protocol"],
  "packages/bridges": ["packages/protocol"],
  "packages/webhooks": ["packages/server", "packages/protocol"],
  "packages/tidewire": ["packages/webhooks", "packages/server", "packages/client", "packages/protocol"],
  "packages/create-tidewire": [],
  "apps/harbor/contract": ["packages/protocol"],
  // Runs programs of strangers; it knows neither the server nor its data.
  "apps/harbor/judge": ["apps/harbor/contract", "packages/protocol"],
  "apps/harbor/server": [
    "apps/harbor/contract",
    "packages/tidewire",
    "packages/jobs",
    "packages/server",
    "packages/client",
    "packages/protocol",
  ],
  "apps/harbor/worker": [
    "apps/harbor/judge",
    "apps/harbor/server",
    "apps/harbor/contract",
    "packages/tidewire",
    "packages/jobs",
    "packages/server",
    "packages/protocol",
  ],
  "apps/harbor/web": ["apps/harbor/contract", "packages/react", "packages/client", "packages/protocol"],
  // The configuration of the page's build, and nothing else, lies beside the three.
  "apps/harbor": [],
};

const world = ["ports", "collections"];
const words = [...world, "access", "options", "tokens"];
const everything = [
  ...words,
  "session/turns",
  "engine",
  "engines",
  "lifecycle",
  "tokens",
  "hub",
  "session",
  "dialects/connection",
  "dialects",
  "transports",
  "http",
  "proxy/proxy-options",
  "proxy",
  "tidewire",
  "channel-handle",
  "raw-door",
  "other-nodes",
  "centrifuge-door",
  "namesakes",
  "starting",
  "server",
  "testing",
];

/**
 * Folders and single files below packages/server/src; a file's own line wins over its folder's.
 * Tests are free of this table: they bring layers together.
 */
export const serverLayers: LayerTable = {
  ports: [],
  collections: [],
  engine: [],
  engines: ["engine", ...world],
  tokens: world,
  access: ["tokens"],
  "descriptor-limit": [],
  options: ["access", "descriptor-limit", "engine", "lifecycle", "tokens", "proxy/proxy-options", ...world],
  "proxy/proxy-options": [],
  proxy: ["proxy/proxy-options", ...words],
  lifecycle: ["engine", ...world],
  hub: ["engine", "lifecycle", ...words],
  "session/turns": world,
  session: ["session/turns", "hub", "engine", "lifecycle", ...words],
  "dialects/connection": world,
  dialects: ["dialects/connection", "session/turns", "session", "hub", "engine", ...words],
  transports: ["transports/body", "session/turns", "dialects/connection", "dialects", ...words],
  "transports/body": [],
  http: ["transports/body", "hub", "engine", "lifecycle", ...words],
  // These compose; nothing below imports them.
  tidewire: ["access", "options", "engine", "hub"],
  "channel-handle": ["tidewire", "http", "hub", "engine", ...words],
  "raw-door": ["transports", "dialects/connection", "dialects", "session", "hub", "engine", ...words],
  "other-nodes": ["dialects", "http", "engine", "lifecycle"],
  "centrifuge-door": [
    "other-nodes",
    "transports",
    "dialects/connection",
    "dialects",
    "session",
    "hub",
    "engine",
    ...words,
  ],
  namesakes: world,
  starting: world,
  server: everything,
  testing: everything,
  index: everything,
};
