// A process of the bench: started on a core of its own where that is possible, asked over IPC, ended by its handle.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Talk } from "./talk.ts";

const endMs = 5_000;

export interface ChildOptions {
  /** The file to run, beside this one. */
  readonly file: string;
  readonly args: readonly string[];
  /** Cores it may use; `null`: any. */
  readonly cores: string | null;
  readonly nodeFlags: readonly string[];
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

export class Child<T extends Talk> {
  readonly #process: ChildProcess;
  readonly #name: string;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  constructor({ file, args, cores, nodeFlags }: ChildOptions) {
    this.#name = [file, ...args].join(" ");
    const script = fileURLToPath(new URL(file, import.meta.url));
    const command = [process.execPath, "--conditions=@tidewire/source", ...nodeFlags, script, ...args];
    const taskset = cores === null ? null : findTaskset();
    const [program = "", ...rest] = taskset === null ? command : [taskset, "-c", cores ?? "", ...command];
    // Vitest's own settings are for its own workers.
    const env = { ...process.env, NODE_OPTIONS: "" };
    const stdio = ["ignore", "inherit", "inherit", "ipc"] as const;
    this.#process = spawn(program, rest, { stdio: [...stdio], serialization: "advanced", env });
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
      this.#process.send({ id, kind, ask }, (error) => {
        if (error !== null) this.#waiting.get(id)?.reject(error);
      });
    });
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const timer = setTimeout(() => child.kill("SIGKILL"), endMs);
    const ended = once(child, "exit");
    if (child.connected) child.disconnect();
    await ended;
    clearTimeout(timer);
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
