// Somebody who chats by one of the example clients, on a line of their own that can be cut.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { createFaultProxy, type FaultProxy } from "@tidewire/client/testing";
import type { Recipe } from "./recipes.ts";

export interface Chatter {
  readonly line: FaultProxy;
  /** What it has shown, in order. */
  heard(): Promise<readonly string[]>;
  say(text: string): Promise<void>;
  /** Resolves once it has shown `shown`, as `name: text`. */
  hears(shown: string): Promise<void>;
  stop(): Promise<void>;
}

/** Where the chat is, in either dialect. */
export const rawPath = "/raw/public:lobby";
export const centrifugePath = "/connection/websocket";

export interface Place {
  readonly port: number;
  readonly path: string;
  /** What it calls itself. */
  readonly name: string;
}

/** Starts the client of `recipe`; resolves once it hears itself. */
export async function chatterOf({ start }: Recipe, { port, path, name }: Place): Promise<Chatter> {
  const line = await lineTo(port);
  const [program, ...args] = start;
  const url = `ws://127.0.0.1:${line.port}${path}`;
  return await hearing(name, new ProcessChatter(line, spawn(program, [...args, url, name])));
}

/** Resolves once its line was cut, and it has seen that: it stands at the door, which lets nobody through until `letBack`. */
export async function shutOut({ line }: Chatter): Promise<void> {
  await line.set({ hang: true });
  const returned = new Promise<void>((resolve) => {
    const cancel = line.watch(({ kind }) => {
      if (kind !== "opened") return;
      cancel();
      resolve();
    });
  });
  line.cut("reset");
  await returned;
}

export async function letBack({ line }: Chatter): Promise<void> {
  await line.clear();
  // Who was held stays held.
  line.cut("reset");
}

/** A line to this machine's `port`. */
export async function lineTo(port: number): Promise<FaultProxy> {
  return await createFaultProxy({ to: { host: "127.0.0.1", port } });
}

/** Resolves once `name` is connected and hears what it says itself. */
export async function hearing(name: string, chatter: Chatter): Promise<Chatter> {
  await chatter.say("is here");
  await chatter.hears(`${name}: is here`);
  return chatter;
}

class ProcessChatter implements Chatter {
  readonly line: FaultProxy;
  readonly #heard: string[] = [];
  readonly #process: ChildProcess;
  readonly #ended: Promise<void>;
  #complaints = "";
  #hasEnded = false;
  #changed = Promise.withResolvers<void>();

  constructor(line: FaultProxy, child: ReturnType<typeof spawn>) {
    this.line = line;
    this.#process = child;
    if (child.stdout !== null) createInterface(child.stdout).on("line", (shown) => this.#note(shown));
    child.stderr?.on("data", (chunk: Buffer) => void (this.#complaints += chunk.toString()));
    this.#ended = new Promise((resolve) => {
      child.once("close", () => {
        this.#hasEnded = true;
        this.#wake();
        resolve();
      });
    });
  }

  say(text: string): Promise<void> {
    this.#process.stdin?.write(`${text}\n`);
    return Promise.resolve();
  }

  async hears(shown: string): Promise<void> {
    while (!this.#heard.includes(shown)) {
      if (this.#hasEnded) throw new Error(`it has ended: ${this.#complaints}`);
      await this.#changed.promise;
    }
  }

  heard(): Promise<readonly string[]> {
    return Promise.resolve(this.#heard);
  }

  async stop(): Promise<void> {
    this.#process.kill();
    await this.#ended;
    await this.line.close();
  }

  #note(shown: string): void {
    this.#heard.push(shown);
    this.#wake();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
