// Builds the page, starts the four processes, and starts again whichever ends: `npm run example -- payments`.
import { type ChildProcess, fork } from "node:child_process";
import { build, defaultClientConditions } from "vite";
import { inData, port } from "./surroundings.ts";

const parts = ["server", "relay", "notifier", "counter"] as const;
const againMs = 500;

const processes = new Map<string, ChildProcess>();
let isEnding = false;

function begin(part: (typeof parts)[number]): void {
  if (isEnding) return;
  const child = fork(new URL(`${part}.ts`, import.meta.url));
  processes.set(part, child);
  child.once("message", () => console.log(`  payments    http://localhost:${port}/`));
  child.once("exit", (code, signal) => {
    processes.delete(part);
    if (isEnding) return;
    console.log(`  the ${part} ended (${signal ?? code}), and is started again`);
    setTimeout(() => begin(part), againMs);
  });
  console.log(`  ${part.padEnd(12)}process ${child.pid}`);
}

process.env["NODE_ENV"] = "production";
await build({
  root: import.meta.dirname,
  configFile: false,
  // What goes wrong is thrown; React's "use client" in a page is no news.
  logLevel: "error",
  resolve: { conditions: ["@tidewire/source", ...defaultClientConditions] },
  build: { outDir: inData("page"), emptyOutDir: true, modulePreload: false },
});
for (const part of parts) begin(part);

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    isEnding = true;
    for (const child of processes.values()) child.kill("SIGTERM");
  });
}
