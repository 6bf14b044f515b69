// Installs the packages that the site's lockfile names, when it has changed since the last time.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const args = ["ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];

/** The stamp is written last, so that a broken install is repeated. @throws {Error} when npm fails. */
export function ensureSiteInstalled(folder: string): void {
  const stamp = path.join(folder, "node_modules/.installed");
  const lock = readFileSync(path.join(folder, "package-lock.json"));
  const digest = createHash("sha256").update(lock).update(`${process.platform} ${process.arch}`).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return;
  const { status } = spawnSync("npm", args, { cwd: folder, stdio: "inherit", shell: process.platform === "win32" });
  if (status !== 0) throw new Error(`npm ${args.join(" ")} in site/ ended with ${status}`);
  writeFileSync(stamp, digest);
}
