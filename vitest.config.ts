// The three kinds of test: on Node, of types, and in a real Chromium.
import { playwright } from "@vitest/browser-playwright";
import { defaultClientConditions, defaultServerConditions } from "vite";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import { CountingReporter } from "./tools/vitest-reporter.ts";

const source = "@tidewire/source";
const built = ["**/node_modules/**", "**/dist/**", "**/.types/**"];
const inBrowser = ["packages/**/*.browser.test.tsx", "apps/**/*.browser.test.tsx", "test/**/*.browser.test.tsx"];

const node: TestProjectInlineConfiguration = {
  ssr: { resolve: { conditions: [source, ...defaultServerConditions] } },
  test: {
    name: "node",
    include: ["packages/**/*.test.ts", "apps/**/*.test.ts", "tools/**/*.test.ts", "test/**/*.test.ts"],
    exclude: [...built, "**/*.browser.test.ts"],
    // Processes and workers that tests start run from source too.
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
          launchOptions: {
            executablePath,
            // Chromium refuses to sandbox for root.
            chromiumSandbox: process.getuid?.() !== 0,
            args: [
              "--disable-gpu",
              "--disable-quic",
              "--no-first-run",
              "--disable-background-networking",
              "--disable-component-update",
              "--disable-sync",
            ],
          },
        }),
      },
    },
  };
}

const chromium = process.env["TIDEWIRE_CHROMIUM"];

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 15_000,
    hookTimeout: 30_000,
    reporters: ["default", new CountingReporter()],
    projects: [node, types, ...(chromium ? [browser(chromium)] : [])],
  },
});
