// What knip takes for an entry. A package that is only a name yet may list what it will use.
import type { KnipConfig } from "knip";
import { isPlaceholder } from "./tools/placeholder.ts";

const doors = {
  "packages/protocol": "src/index.ts",
  "packages/server": "src/index.ts",
  "packages/client": "src/index.ts",
  "packages/react": "src/index.ts",
  "packages/jobs": "src/index.ts",
  "packages/bridges": "src/index.ts",
  "packages/webhooks": "src/index.ts",
  "packages/tidewire": "src/main.ts",
  "packages/create-tidewire": "src/main.ts",
  "apps/harbor": "server/main.ts",
};

const unwritten = Object.entries(doors).filter(([folder, door]) => isPlaceholder(`${folder}/${door}`));

// Started by tools/run by their path, or found by one of those.
const startedByPath = ["oxfmt", "oxlint", "oxlint-tsgolint"];

// A stylesheet imports packages too.
const importsOf = (css: string): string =>
  [...css.matchAll(/@import "([^"]+)"/g)].map(([, name]) => `import "${name ?? ""}";`).join("\n");

const config: KnipConfig = {
  compilers: { css: importsOf },
  // For a file system of its own, which the test of a full disk needs, and namespaces; for scheduling classes; for systems without /proc; for certificates; for Kafka; for the unit.
  ignoreBinaries: ["mount", "umount", "unshare", "chrt", "pgrep", "openssl", "java", "systemd-analyze"],
  ignoreDependencies: startedByPath,
  // Next is not installed here (decision 0024).
  ignoreWorkspaces: [...unwritten.map(([folder]) => folder), "examples/frameworks/next"],
  ignoreExportsUsedInFile: { interface: true, type: true },
  workspaces: {
    ".": {
      entry: [
        "tools/*.{ts,mjs}",
        "tools/run/with-parent.mjs",
        "tools/{cluster,dashboard,reference,site}/main.ts",
        "tools/conformance/{main,sdks/js/speak}.ts",
        "test/rfc6455/main.ts",
        "test/{bridged-node,postgres/relay,kafka/{relay,writing-node}}-process.ts",
        "test/webhooks/hook-node.ts",
        "test/hostile/{main,attack-process,victim-process,bystander-process}.ts",
        "test/**/*.{test,browser.test,test-d}.{ts,tsx}",
        "test/browser/fixtures/*/main.tsx",
        "bench/{main,engines,market-frames,{churn,jobs,judge,soak,torture,torture-jobs}/main}.ts",
        "bench/*/*-process.ts",
        "bench/servers/bun/main.ts",
        "bench/**/*.test.ts",
        "examples/payments/{start,server,relay,notifier,counter,page}.{ts,tsx}",
        "examples/use-cases/start.ts",
        "examples/use-cases/*/{server,page}.{ts,tsx}",
        "docs/guide/code/*/{server,worker,order,vite.config}.ts",
        "docs/guide/code/*/main.tsx",
        "simulation/main.ts",
        "simulation/**/*.test.ts",
        "fuzz/{main,watchdog-worker,frames/server-process}.ts",
        "fuzz/targets/*.ts",
        "fuzz/**/*.test.ts",
      ],
      project: [
        "tools/**/*.{ts,mjs}",
        "test/**/*.{ts,tsx}",
        "bench/**/*.ts",
        "simulation/**/*.ts",
        "fuzz/**/*.ts",
        "docs/**/*.{ts,tsx}",
        "examples/{payments,use-cases}/**/*.{ts,tsx}",
      ],
    },
    // The suites it exports run in their user's vitest.
    "packages/server": { project: ["src/**/*.{ts,tsx}"], ignoreDependencies: ["vitest"] },
    "packages/jobs": {
      entry: ["src/embedded/store-worker.ts"],
      project: ["src/**/*.ts"],
      ignoreDependencies: ["vitest"],
    },
    "packages/webhooks": { entry: ["src/webhook-worker.ts"], project: ["src/**/*.ts"] },
    "packages/*": { project: ["src/**/*.{ts,tsx}"] },
    "packages/tidewire": { entry: ["src/main.ts", "src/workers/{owner,worker}-process.ts"], project: ["src/**/*.ts"] },
    // Its templates name their own dependencies, for the projects they become.
    "packages/create-tidewire": { entry: ["src/main.ts"], project: ["src/**/*.ts"] },
    // Its test hands it to other compilers, with a module for every door; vitest is what one of the doors wants, and pg what a
    // package's page hands over.
    "test/consumers": {
      entry: ["{away,chat,kept}.ts", "chat.cjs", "room.tsx"],
      ignoreDependencies: ["vitest", "@types/react", "create-tidewire", "pg", "@types/pg"],
    },
    "examples/frameworks/*": { entry: ["server.ts", "src/main.tsx"] },
    "apps/harbor": {
      entry: [
        "server/{main,testing/kept-program}.ts",
        "worker/{main,recount}.ts",
        "judge/sandbox/main.ts",
        "web/main.tsx",
      ],
      project: ["{contract,judge,server,worker,web}/**/*.{ts,tsx,css}"],
    },
  },
};

export default config;
