// The packages as their users get them: packed by npm from what tsc built, and projects with the tarballs in them.
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { toolEnvironment } from "../tools/run/workspace.mjs";

const root = path.resolve(import.meta.dirname, "..");
const run = promisify(execFile);
const folders = [
  "protocol",
  "server",
  "client",
  "react",
  "jobs",
  "bridges",
  "webhooks",
  "tidewire",
  "create-tidewire",
].map((name) => path.join(root, "packages", name));

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly engines?: { readonly node: string };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional: boolean }>>;
}

export interface Printed {
  readonly code: number;
  readonly output: string;
}

export const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as Manifest;

/** Tarballs of all packages, in a folder of their own. */
export class PackedPackages {
  readonly #folder: string;
  readonly #tarballs: ReadonlyMap<string, string>;

  private constructor(folder: string, tarballs: ReadonlyMap<string, string>) {
    this.#folder = folder;
    this.#tarballs = tarballs;
  }

  /** Builds what is stale, and packs everything. */
  static async make(): Promise<PackedPackages> {
    const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "tidewire-packed-")));
    await run(process.execPath, [path.join(root, "node_modules/typescript/bin/tsc"), "-b", ...folders]);
    const args = ["pack", ...folders, "--pack-destination", folder, "--ignore-scripts", "--json"];
    const { stdout } = await run("npm", args, { cwd: root, env: toolEnvironment() });
    const packed = JSON.parse(stdout) as readonly { readonly name: string; readonly filename: string }[];
    return new PackedPackages(folder, new Map(packed.map(({ name, filename }) => [name, path.join(folder, filename)])));
  }

  get names(): readonly string[] {
    return [...this.#tarballs.keys()];
  }

  /**
   * A copy of `source` outside of the checkout, in which what its package.json names is installed: our packages from
   * their tarballs, others as links to what the checkout has of them, and nothing that nobody named. npm itself is not
   * asked, since it would want the registry; versions are compared here instead.
   */
  async project(source: string): Promise<Project> {
    const folder = mkdtempSync(path.join(this.#folder, "project-"));
    cpSync(source, folder, { recursive: true, filter: (file) => path.basename(file) !== "node_modules" });
    const { dependencies, devDependencies } = manifestOf(folder);
    await this.#install(folder, source, { ...dependencies, ...devDependencies });
    return new Project(folder);
  }

  /** Puts what is in the tarball of `name` into `folder`, which is made. */
  async unpack(name: string, folder: string): Promise<void> {
    const tarball = this.#tarballs.get(name);
    if (tarball === undefined) throw new Error(`expected one of ${this.names.join(", ")}; got "${name}"`);
    mkdirSync(folder, { recursive: true });
    await run("tar", ["-xzf", tarball, "--strip-components=1", "-C", folder]);
  }

  async #install(project: string, asker: string, wanted: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, version] of Object.entries(wanted)) {
      const place = path.join(project, "node_modules", name);
      if (existsSync(place)) continue;
      const isOurs = this.#tarballs.has(name);
      mkdirSync(path.dirname(place), { recursive: true });
      if (isOurs) await this.unpack(name, place);
      else symlinkSync(installed(asker, name), place);
      const found = manifestOf(place);
      if (/^\d/.test(version) && found.version !== version)
        throw new Error(`${asker} wants ${name} ${version}, here is ${found.version}`);
      if (isOurs) await this.#install(project, place, { ...found.dependencies, ...neededPeers(found) });
    }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

function neededPeers({ peerDependencies = {}, peerDependenciesMeta = {} }: Manifest): Record<string, string> {
  return Object.fromEntries(
    Object.entries(peerDependencies).filter(([name]) => peerDependenciesMeta[name]?.optional !== true),
  );
}

/** Where the checkout has it: beside whoever asks, or at its root. */
function installed(asker: string, name: string): string {
  const places = [asker, root].map((folder) => path.join(folder, "node_modules", name));
  const found = places.find((place) => existsSync(place));
  if (found === undefined) throw new Error(`${asker} wants ${name}, which the checkout has nowhere`);
  return realpathSync(found);
}

/** A project outside of the checkout. */
export class Project {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  at(name: string): string {
    return path.join(this.folder, name);
  }

  /** Runs Node in it to the end, without the condition that would lead to sources. */
  async node(...args: readonly string[]): Promise<Printed> {
    return await this.run(process.execPath, args);
  }

  /** @param node Which one, by its path. */
  async run(node: string, args: readonly string[]): Promise<Printed> {
    const { NODE_OPTIONS: _, ...env } = process.env;
    try {
      const { stdout, stderr } = await run(node, args, { cwd: this.folder, env });
      return { code: 0, output: stdout + stderr };
    } catch (thrown) {
      const { code, stdout, stderr } = thrown as { code: number; stdout: string; stderr: string };
      return { code, output: stdout + stderr };
    }
  }
}
