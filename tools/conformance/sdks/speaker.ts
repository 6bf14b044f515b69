// A program that uses an official SDK: it obeys lines on its standard input, and tells what happens as lines on its output.
//
// The fields of a line are parted by tabs. Obeyed: connect, disconnect, token TOKEN, subscribe CHANNEL, publish CHANNEL JSON,
// history CHANNEL LIMIT, presence CHANNEL, rpc METHOD JSON. Told: connected, connecting CODE, disconnected CODE, token (it
// wants one), subscribed CHANNEL new|recovered|lost, unsubscribed CHANNEL CODE, publication CHANNEL OFFSET JSON; and as answers
// published, history OFFSET JSON..., presence USER..., answer JSON, error CODE.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Form, Sdk } from "./sdks.ts";

/** What has not been told by then never is. */
const patienceMs = 20_000;

export type Told = readonly string[];

export class Speaker {
  readonly #process: ChildProcess;
  readonly #told: Told[] = [];
  readonly #ended: Promise<void>;
  #hasEnded = false;
  #taken = 0;
  #complaints = "";
  #changed = Promise.withResolvers<void>();

  constructor({ start: [program, ...args] }: Sdk, url: string, form: Form) {
    const child = spawn(program, [...args, url, form]);
    this.#process = child;
    createInterface(child.stdout).on("line", (line) => this.#note(line));
    child.stderr.on("data", (chunk: Buffer) => void (this.#complaints += chunk.toString()));
    this.#ended = new Promise((resolve) => {
      child.once("error", (error) => void (this.#complaints += error.message));
      // Of a program that has ended: its end says more.
      child.stdin?.once("error", (error) => void (this.#complaints += error.message));
      child.once("close", () => {
        this.#hasEnded = true;
        this.#wake();
        resolve();
      });
    });
  }

  obey(...fields: readonly string[]): void {
    this.#process.stdin?.write(`${fields.join("\t")}\n`);
  }

  /** The next line with one of these words; what was told before it is passed over, and looked at by `since`. */
  async next(...words: readonly string[]): Promise<Told> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#wake();
    }, patienceMs);
    try {
      for (;;) {
        const told = this.#told[this.#taken];
        if (told !== undefined) this.#taken += 1;
        if (told !== undefined && words.includes(told[0] ?? "")) return told;
        if (told === undefined && (isLate || this.#hasEnded))
          throw new Error(`expected ${words.join(" or ")}: ${this.#complaints}`);
        if (told === undefined) await this.#changed.promise;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** How many lines were told. */
  get toldSoFar(): number {
    return this.#told.length;
  }

  /** What was told with these words from line `from` on. */
  since(from: number, ...words: readonly string[]): readonly Told[] {
    return this.#told.slice(from).filter(([word = ""]) => words.includes(word));
  }

  async stop(): Promise<void> {
    this.#process.kill();
    await this.#ended;
  }

  #note(line: string): void {
    this.#told.push(line.split("\t"));
    this.#wake();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
