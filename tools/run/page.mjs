// Builds Harbor's page when its sources have changed since the last build.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { capture, endSignal } from "./children.mjs";
import { lockDigest } from "./install.mjs";
import { folderSize, say, sizeOf, step } from "./progress.mjs";
import { at, cacheFolder, projectNode, toolEnvironment } from "./workspace.mjs";

const sources = [
  "apps/harbor/web",
  "apps/harbor/contract",
  "packages/protocol/src",
  "packages/client/src",
  "packages/react/src",
];
const configs = ["apps/harbor/vite.config.ts", "apps/harbor/web/vite.config.ts"];
const stampFile = path.join(cacheFolder, "page.json");

/** @param {string} name @returns {string[]} all files at or below it */
function filesBelow(name) {
  if (!existsSync(at(name))) return [];
  const entries = readdirSync(at(name), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}

/** Name, size and time of each source, and the lockfile. */
function sourceDigest() {
  const hash = createHash("sha256").update(lockDigest());
  const files = [...sources.flatMap(filesBelow), ...configs.map(at).filter(existsSync)];
  for (const file of files.filter((name) => !/\.test(-d)?\.tsx?$/.test(name)).sort()) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${file}\n${size} ${mtimeMs}\n`);
  }
  return hash.digest("hex");
}

/** @param {string} digest */
function isFresh(digest) {
  if (!existsSync(stampFile)) return false;
  const stamp = JSON.parse(readFileSync(stampFile, "utf8"));
  return stamp.digest === digest && existsSync(path.join(stamp.output, "index.html"));
}

/** Makes the built page what the sources say. */
export async function ensurePage() {
  const config = configs.find((name) => existsSync(at(name)));
  if (!config) return say("  no page yet: there is no apps/harbor/vite.config.ts");
  const digest = sourceDigest();
  if (isFresh(digest)) return;
  await step("building the page", async () => {
    const build = await capture(projectNode(), ["tools/page.ts", config], { env: toolEnvironment() });
    if (build.code !== 0) throw new Error(endSignal() ? "stopped while building" : `the page:\n${build.output}`);
    const output = build.output.trim().split("\n").at(-1) ?? "";
    mkdirSync(cacheFolder, { recursive: true });
    writeFileSync(stampFile, JSON.stringify({ digest, output }));
    return sizeOf(await folderSize(output));
  });
}
