// The kinds of test: on Node, of types, in a real Chromium, and on Node with Chromium in front of a server.
import { fileURLToPath } from "node:url";
import { playwright } from "@vitest/browser-playwright";
import { defaultClientConditions, defaultServerConditions } from "vite";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import { chromiumLaunch, chromiumPath } from "./tools/chromium-launch.ts";
import { CountingReporter } from "./tools/vitest-reporter.ts";

const source = "@tidewire/source";
const built = ["**/node_modules/**", "**/dist/**", "**/.types/**"];
const inFront = "test/browser/**/*.test.ts";
const inBrowser = ["packages/**/*.browser.test.tsx", "apps/**/*.browser.test.tsx", "test/**/*.browser.test.tsx"];

const node: TestProjectInlineConfiguration = {
  ssr: { resolve: { conditions: [source, ...defaultServerConditions] } },
  test: {
    name: "node",
    setupFiles: "./tools/property-seed.ts",
    include: ["packages", "apps", "bench", "tools", "simulation", "fuzz", "test"].map(
      (folder) => `${folder}/**/*.test.ts`,
    ),
    exclude: [...built, "**/*.browser.test.ts", inFront],
    // Processes and workers that tests start run from source too.
    execArgv: [`--conditions=${source}`],
  },
};

const pages: TestProjectInlineConfiguration = {
  ssr: { resolve: { conditions: [source, ...defaultServerConditions] } },
  test: {
    name: "pages",
    include: [inFront],
    exclude: built,
    globalSetup: "./test/browser/build-page.ts",
    // Pages of a browser on a busy machine; one test walks through all of them.
    testTimeout: 240_000,
    expect: { poll: { timeout: 15_000 } },
    execArgv: [`--conditions=${source}`],
  },
};

const types: TestProjectInlineConfiguration = {
  test: {
    name: "types",
    include: [],
    exclude: built,
    typecheck: {
      enabled: true,
      only: true,
      include: ["packages/**/*.test-d.ts", "apps/**/*.test-d.ts", "test/**/*.test-d.ts"],
      exclude: built,
      tsconfig: "./tsconfig.tests.json",
    },
  },
};

function browser(executablePath: string): TestProjectInlineConfiguration {
  return {
    resolve: { conditions: [source, ...defaultClientConditions] },
    optimizeDeps: { include: ["react", "react-dom/client", "react/jsx-runtime", "react/jsx-dev-runtime"] },
    test: {
      name: "browser",
      include: inBrowser,
      exclude: built,
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        instances: [{ browser: "chromium" }],
        provider: playwright({
          launchOptions: chromiumLaunch(executablePath),
        }),
      },
    },
  };
}

// As `tools/run.mjs` does, and why.
process.env["NODE_COMPILE_CACHE"] ??= fileURLToPath(new URL("node_modules/.cache/node", import.meta.url));

export default defineConfig({
  test: {
    pool: "forks",
    // More than a small machine has cores: much of what tests do is to wait for browsers, servers and time.
    maxWorkers: 4,
    testTimeout: 15_000,
    // Many start a server first, and what fails in a hook is not tried again.
    hookTimeout: 120_000,
    // Processes that are killed at random on a machine that does something else as well: what passes only then is named at the end.
    retry: process.env["CI"] === undefined ? 0 : 2,
    reporters: ["default", new CountingReporter()],
    projects: [node, types, pages, ...(chromiumPath ? [browser(chromiumPath)] : [])],
  },
});
