// A command of a page, run as it stands there but for its ports, and ended by its id.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import path from "node:path";
import { onTestFinished } from "vitest";
import { withParent } from "../browser/server-process.ts";
import { root } from "./blocks.ts";

/** What people type, and what it comes to without a shell in between: that could not be ended with it. */
const launchers: readonly (readonly [string, readonly string[]])[] = [
  ["node", []],
  ["npx vite", ["node_modules/vite/bin/vite.js"]],
  ["npm run tidewire --", ["tools/run.mjs", "tidewire"]],
];

function argumentsOf(command: string): readonly string[] {
  for (const [words, script] of launchers) {
    if (command.startsWith(`${words} `)) return [...script, ...command.slice(words.length).trim().split(" ")];
  }
  throw new Error(`expected one of ${launchers.map(([words]) => words).join(", ")}, got ${command}`);
}

export class Program {
  output = "";
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #isOver = false;
  #changed: () => void = () => undefined;

  private constructor(file: string, given: { readonly args: readonly string[]; readonly env: NodeJS.ProcessEnv }) {
    this.#child = spawn(file, given.args, {
      cwd: root,
      env: { ...process.env, ...given.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
        this.#changed();
      });
    }
    this.#ended = new Promise((resolve) => {
      this.#child.once("close", () => {
        this.#isOver = true;
        resolve();
        this.#changed();
      });
    });
    onTestFinished(() => this.#end());
  }

  /** A program that lasts. @param env What differs from what the page says: the port, the database. */
  static start(command: string, env: NodeJS.ProcessEnv = {}): Program {
    const [, settings = "", rest = ""] = /^((?:[A-Z_]+=\S+ )*)(.*)$/s.exec(command.trim()) ?? [];
    const own = settings.split(" ").flatMap((setting) => (setting === "" ? [] : [setting.split("=", 2)]));
    const said = { NO_COLOR: "1", FORCE_COLOR: undefined, ...(Object.fromEntries(own) as NodeJS.ProcessEnv) };
    return new Program(process.execPath, { args: [withParent, ...argumentsOf(rest)], env: { ...said, ...env } });
  }

  /** What a page says in a console; `exec`, so that ending it ends curl. */
  static say(language: string, text: string, env: NodeJS.ProcessEnv = {}): Program {
    // Without what curl says of its progress.
    if (language === "sh") return new Program("sh", { args: ["-c", `exec 2>/dev/null ${text}`], env });
    return new Program(process.execPath, { args: [withParent, "--input-type=module", "-e", text], env });
  }

  /** The first match in what it has printed. @throws {Error} when it ends without. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.output);
      if (found !== null) return found;
      if (this.#isOver) throw new Error(`it ended without ${pattern}:\n${this.output}`);
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
  }

  async ended(): Promise<string> {
    await this.#ended;
    return this.output;
  }

  /** Asks, so that one that has started another can end that too. */
  async #end(): Promise<void> {
    this.#child.kill();
    await this.#ended;
  }

  /** As `kill -9` does. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}

/** Pages say `curl`; where there is none, they cannot be done. */
export const hasCurl: boolean = spawnSync("curl", ["--version"]).status === 0;

export const pageOf = (name: string): string => path.posix.join("docs/guide", name);
