// A page of Vite's development server: the copy of a folder, or a few texts, on a port of its own.
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { createServer, defaultClientConditions, type PluginOption } from "vite";
import { onTestFinished } from "vitest";
import { root } from "./server-process.ts";

export interface VitePage {
  /** `http://localhost:…` */
  readonly url: string;
  /** Where its files are; what is changed there is reloaded. */
  readonly folder: string;
}

/** @param files A folder to copy, or texts by their names. The page is gone when the test has ended. */
export async function servePage(files: string | Readonly<Record<string, string>>): Promise<VitePage> {
  // Not below the checkout: Vite does not watch folders with names that tests use.
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "tidewire-page-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  if (typeof files === "string") cpSync(files, folder, { recursive: true });
  else for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  mkdirSync(path.join(folder, "cache"));
  symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  const server = await createServer({
    configFile: false,
    root: folder,
    cacheDir: path.join(folder, "cache"),
    logLevel: "error",
    plugins: [await reactPlugin()],
    resolve: { conditions: ["@tidewire/source", ...defaultClientConditions], dedupe: ["react", "react-dom"] },
    // All of them at once: one found later would reload the page.
    optimizeDeps: { include: ["react", "react-dom/client", "react/jsx-runtime", "react/jsx-dev-runtime"] },
    server: { port: 0, host: "localhost", fs: { allow: [folder, root] } },
  });
  onTestFinished(() => server.close());
  await server.listen();
  const address = server.httpServer?.address();
  if (typeof address !== "object" || address === null) throw new Error("Vite listens on no port");
  return { url: `http://localhost:${address.port}`, folder };
}

/** Harbor's own; the tests have none. */
async function reactPlugin(): Promise<PluginOption> {
  const harbor = createRequire(path.join(root, "apps/harbor/package.json"));
  const loaded = (await import(pathToFileURL(harbor.resolve("@vitejs/plugin-react")).href)) as {
    default: () => PluginOption;
  };
  return loaded.default();
}
