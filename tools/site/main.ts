// `npm run docs`: installs the site's own packages, builds it from the documents, and looks at every link.
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { checkBuiltLinks } from "./built-links.ts";
import { frontOf } from "./front.ts";
import { gather } from "./gather.ts";
import { fileOf } from "./markdown.ts";
import { ensureSiteInstalled } from "./install.ts";
import { unlistedIn } from "./sidebar.ts";

const root = path.resolve(import.meta.dirname, "../..");
const site = path.join(root, "site");
const { values } = parseArgs({ options: { base: { type: "string", default: "/" }, serve: { type: "boolean" } } });
const base = `/${values.base}/`.replaceAll(/\/{2,}/g, "/");

// A signal ends this process while it waits, and is nothing to its child.
const withParent = `--import=${pathToFileURL(path.join(root, "tools/run/with-parent.mjs")).href}`;

function astro(command: "build" | "preview"): void {
  const script = path.join(site, "node_modules/astro/bin/astro.mjs");
  const { status } = spawnSync(process.execPath, [withParent, script, command], {
    cwd: site,
    stdio: "inherit",
    // Nothing is asked of the network, and nobody is told.
    env: { ...process.env, ASTRO_TELEMETRY_DISABLED: "1", TIDEWIRE_SITE_BASE: base },
  });
  if (status !== 0) throw new Error(`astro ${command} ended with ${status}`);
}

const pages = gather(root);
const unlisted = unlistedIn(path.join(site, "sidebar.json"), pages);
if (unlisted.length > 0) throw new Error(`expected in site/sidebar.json: ${unlisted.join(", ")}`);
const content = path.join(site, "src/content/docs");
rmSync(content, { recursive: true, force: true });
for (const [place, page] of pages) {
  const file = path.join(content, `${place}.md`);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, fileOf(page, place));
}
writeFileSync(path.join(site, "src/content/front.json"), JSON.stringify(frontOf(root)));
ensureSiteInstalled(site);
astro("build");
const { count, problems } = checkBuiltLinks({ folder: path.join(site, "dist"), base });
console.log(problems.length === 0 ? `site/dist: ${count} links lead somewhere` : problems.join("\n"));
if (problems.length > 0) process.exitCode = 1;
else if (values.serve === true) astro("preview");
