// A process of a measurement: started on a core of its own where that is possible, asked, and ended by its handle.
import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Talk } from "./talk.ts";

const endMs = 5_000;

/** What to start, and how it is asked: over Node's IPC, or by a line of JSON each on its standard input and output. */
export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly asked: "ipc" | "lines";
  /** Whether it is what is measured, and has a core of its own. Default: true. */
  readonly isPinned?: boolean;
}

/** A Node program, in TypeScript when this is TypeScript. @param script Where it is, without its ending. */
export function nodeProgram(script: URL, args: readonly string[], nodeFlags: readonly string[] = []): Program {
  const isSource = import.meta.url.endsWith(".ts");
  const flags = isSource ? ["--conditions=@tidewire/source", ...nodeFlags] : nodeFlags;
  const file = `${fileURLToPath(script)}.${isSource ? "ts" : "js"}`;
  return { file: process.execPath, args: [...flags, file, ...args], asked: "ipc" };
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(problem: Error): void;
}

interface Answered {
  readonly id: number;
  readonly answer?: unknown;
  readonly problem?: string;
}

/** The program that holds a process on a core, where there is one. */
export function findTaskset(): string | null {
  const found = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "taskset"));
  return found.find(isProgram) ?? null;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A process of a measurement. What was asked fails when the process ends before it has answered. */
export class Child<T extends Talk> {
  readonly #process: ChildProcess;
  readonly #name: string;
  readonly #waiting = new Map<number, Waiting>();
  readonly #isByLines: boolean;
  #lastId = 0;

  /** @param cores Those it may use; `null`: any. */
  constructor({ file, args, asked }: Program, cores: string | null) {
    this.#name = [file, ...args].join(" ");
    this.#isByLines = asked === "lines";
    const taskset = cores === null ? null : findTaskset();
    const command = taskset === null ? { file, args } : { file: taskset, args: ["-c", cores ?? "", file, ...args] };
    // Vitest's own settings are for its own workers.
    const env = { ...process.env, NODE_OPTIONS: "" };
    const stdio: StdioOptions = this.#isByLines ? ["pipe", "pipe", "inherit"] : ["ignore", "inherit", "inherit", "ipc"];
    this.#process = spawn(command.file, command.args, { stdio, serialization: "advanced", env });
    if (this.#process.stdout !== null) {
      createInterface(this.#process.stdout).on("line", (line) => this.#answered(JSON.parse(line) as Answered));
    }
    this.#process.stdin?.on("error", () => undefined);
    this.#process.on("message", (message) => this.#answered(message as Answered));
    this.#process.on("exit", (code, signal) => this.#failAll(`it ended with ${code ?? signal ?? "nothing"}`));
    this.#process.on("error", (error) => this.#failAll(error.message));
  }

  ask<Kind extends keyof T & string>(kind: Kind, ask: T[Kind]["ask"], withinMs = 60_000): Promise<T[Kind]["answer"]> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const fail = (problem: string): void => {
        this.#waiting.delete(id);
        reject(new Error(`${this.#name}, asked to ${kind}: ${problem}`));
      };
      const timer = setTimeout(() => fail(`no answer within ${withinMs} ms`), withinMs);
      this.#waiting.set(id, {
        resolve: (answer) => {
          clearTimeout(timer);
          resolve(answer);
        },
        reject: (problem) => {
          clearTimeout(timer);
          fail(problem.message);
        },
      });
      const sent = (error: Error | null | undefined): void => {
        if (error instanceof Error) this.#waiting.get(id)?.reject(error);
      };
      if (this.#isByLines) this.#process.stdin?.write(`${JSON.stringify({ id, kind, ask })}\n`, sent);
      else this.#process.send({ id, kind, ask }, sent);
    });
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const timer = setTimeout(() => child.kill("SIGKILL"), endMs);
    const ended = once(child, "exit");
    if (child.connected) child.disconnect();
    child.stdin?.end();
    await ended;
    clearTimeout(timer);
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  #answered({ id, answer, problem }: Answered): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (problem === undefined) waiting?.resolve(answer);
    else waiting?.reject(new Error(problem));
  }

  #failAll(problem: string): void {
    for (const waiting of this.#waiting.values()) waiting.reject(new Error(problem));
    this.#waiting.clear();
  }
}
