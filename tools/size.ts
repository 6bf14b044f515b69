// Checks what the client and the hooks add to a page: bundled, minified and compressed, against their budgets.
import path from "node:path";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { isPlaceholder } from "./placeholder.ts";

interface Budget {
  readonly name: string;
  readonly entry: string;
  readonly maxBytes: number;
  /** What a page has anyway: only what comes on top of it counts. */
  readonly beside?: string;
  readonly external?: readonly RegExp[];
}

const client = "packages/client/src/index.ts";

const budgets: readonly Budget[] = [
  { name: "@tidewire/client", entry: client, maxBytes: 8000 },
  { name: "@tidewire/client/feed", entry: "packages/client/src/feed.ts", beside: client, maxBytes: 600 },
  { name: "@tidewire/client/log", entry: "packages/client/src/log.ts", beside: client, maxBytes: 900 },
  { name: "@tidewire/client/job", entry: "packages/client/src/job.ts", beside: client, maxBytes: 1000 },
  { name: "@tidewire/client/members", entry: "packages/client/src/members.ts", beside: client, maxBytes: 800 },
  { name: "@tidewire/client/latest", entry: "packages/client/src/latest.ts", beside: client, maxBytes: 1200 },
  { name: "@tidewire/client/binary", entry: "packages/client/src/binary.ts", beside: client, maxBytes: 2400 },
  { name: "@tidewire/client/outbox", entry: "packages/client/src/outbox.ts", beside: client, maxBytes: 4000 },
  { name: "@tidewire/client/tabs", entry: "packages/client/src/tabs.ts", beside: client, maxBytes: 1800 },
  { name: "@tidewire/client/tabs-worker", entry: "packages/client/src/tabs-worker.ts", maxBytes: 10_400 },
  {
    name: "@tidewire/react",
    entry: "packages/react/src/index.ts",
    external: [/^react/, /^@tidewire\//],
    maxBytes: 2000,
  },
];

/** Bytes of a page that takes in everything these modules export. */
async function sizeOf(entries: readonly string[], external: readonly RegExp[]): Promise<number> {
  const page = entries.map((entry) => `export * from ${JSON.stringify(path.resolve(entry))};`).join("\n");
  const bundle = await rolldown({
    input: "page",
    external: [...external],
    platform: "browser",
    resolve: { conditionNames: ["@tidewire/source", "import"] },
    plugins: [
      {
        name: "page",
        resolveId: (id) => (id === "page" ? id : null),
        load: (id) => (id === "page" ? page : null),
      },
    ],
  });
  // As every build for the web does; what tells a bundler which calls are pure is of no use to a page.
  const { output } = await bundle.generate({ minify: true, comments: false });
  return output.reduce((sum, part) => sum + gzipSync(part.type === "chunk" ? part.code : part.source).length, 0);
}

const written = budgets.filter(({ entry }) => !isPlaceholder(entry));
if (written.length === 0) {
  console.log("the client and the hooks are not written yet");
  process.exitCode = 78;
}
for (const { name, entry, beside, external = [], maxBytes } of written) {
  const bytes =
    beside === undefined
      ? await sizeOf([entry], external)
      : (await sizeOf([beside, entry], external)) - (await sizeOf([beside], external));
  console.log(`${name}: ${bytes} of ${maxBytes} bytes`);
  if (bytes > maxBytes) process.exitCode = 1;
}
