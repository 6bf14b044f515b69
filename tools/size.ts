// Checks what the client and the hooks add to a page: bundled, minified and compressed, against their budgets.
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { isPlaceholder } from "./placeholder.ts";

const budgets = [
  { name: "@tidewire/client", entry: "packages/client/src/index.ts", external: [], maxBytes: 8000 },
  {
    name: "@tidewire/react",
    entry: "packages/react/src/index.ts",
    external: [/^react/, /^@tidewire\//],
    maxBytes: 2000,
  },
];

const written = budgets.filter(({ entry }) => !isPlaceholder(entry));
if (written.length === 0) {
  console.log("the client and the hooks are not written yet");
  process.exitCode = 78;
}
for (const { name, entry, external, maxBytes } of written) {
  const bundle = await rolldown({
    input: entry,
    external,
    platform: "browser",
    resolve: { conditionNames: ["@tidewire/source", "import"] },
  });
  const { output } = await bundle.generate({ minify: true });
  const bytes = output.reduce((sum, part) => sum + gzipSync(part.type === "chunk" ? part.code : part.source).length, 0);
  console.log(`${name}: ${bytes} of ${maxBytes} bytes`);
  if (bytes > maxBytes) process.exitCode = 1;
}
