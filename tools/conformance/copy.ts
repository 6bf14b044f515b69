// A copy of somebody's repository at the commit its checkout stands at; the checkout itself is only read.
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { capture } from "../run/children.mjs";

export interface Copy {
  readonly folder: string;
  readonly commit: string;
  readonly version: string;
}

/** Runs a program to its end. @throws when it fails, with what it printed. */
export async function succeed(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, signal, output } = await capture(command, args, { cwd });
  if (code === 0) return output.trim();
  throw new Error(`${command} ${args.join(" ")} ended with ${code ?? signal}:\n${output.slice(-4_000)}`);
}

/**
 * A fresh copy of the files; what was installed beside them stays from one run to the next.
 * @param checkout A clone, with or without a work tree.
 */
export async function copyOf(
  name: string,
  checkout: string,
  install: (folder: string) => Promise<void>,
): Promise<Copy> {
  const commit = await succeed("git", ["rev-parse", "HEAD"], checkout);
  const version = await succeed("git", ["describe", "--tags", "--always"], checkout);
  // Not within this repository: jest passes over every folder that has node_modules in its path.
  const folder = path.join(tmpdir(), "tidewire-conformance", `${name}-${commit.slice(0, 12)}`);
  const stamp = path.join(folder, ".git", "tidewire-installed");
  if (!existsSync(stamp)) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(path.dirname(folder), { recursive: true });
    await succeed("git", ["clone", "--quiet", "--no-hardlinks", checkout, folder], path.dirname(folder));
  }
  await succeed("git", ["checkout", "--quiet", "--force", "--detach", commit], folder);
  if (!existsSync(stamp)) {
    await install(folder);
    writeFileSync(stamp, "");
  }
  return { folder, commit, version };
}

/** Sends the suite to our server: the one thing that is changed in its files. */
export function redirect({ folder }: Copy, files: string, port: number): void {
  for (const file of globSync(files, { cwd: folder, exclude: ["**/node_modules/**"] })) {
    const name = path.join(folder, file);
    const text = readFileSync(name, "utf8");
    writeFileSync(name, text.replaceAll("localhost:8000", `127.0.0.1:${port}`));
  }
}
