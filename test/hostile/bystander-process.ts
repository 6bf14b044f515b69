// Clients that have nothing to do with an attack: each publishes 20 times a second, reads on another connection, and counts.
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import WebSocket from "ws";
import { answer } from "tidewire/bench";
import { countLatency, type Latencies, noLatencies, quantileMs } from "tidewire/bench";
import { nowUs } from "tidewire/bench";
import { stand } from "./standing.ts";
import type { BystanderTalk, Heard } from "./talk.ts";

/** So many that an attack of a second is heard 200 times: of fewer, the 99th percentile is the worst. */
const bystanders = 10;
/** Well below what one connection may publish: what a stalled server finds at once is within its burst. */
const everyMs = 50;
const graceMs = 20_000;

interface Line {
  readonly id?: number;
  readonly error?: object;
  readonly push?: { readonly pub?: { readonly data: { readonly n: number; readonly atUs: number } } };
}

let counts = { published: 0, repeated: 0, reordered: 0, failed: 0 };
let latencies: Latencies = noLatencies();
let maxMs = 0;
let isSilent = false;
let arrived: () => void = () => undefined;

class Bystander {
  readonly #channel: string;
  readonly #port: number;
  #sent = 0;
  #highest = 0;
  /** Numbers that have not arrived. */
  readonly missing: Set<number> = new Set();

  constructor(name: string, port: number) {
    this.#channel = `calm:${name}`;
    this.#port = port;
  }

  async begin(): Promise<void> {
    await this.#connect([
      { id: 1, connect: {} },
      { id: 2, subscribe: { channel: this.#channel } },
    ]);
    const writer = await this.#connect([{ id: 1, connect: {} }]);
    setInterval(() => {
      if (!isSilent) this.#publish(writer);
    }, everyMs);
  }

  #publish(writer: WebSocket): void {
    this.#sent += 1;
    counts.published += 1;
    this.missing.add(this.#sent);
    const data = { n: this.#sent, atUs: nowUs() };
    writer.send(JSON.stringify({ id: this.#sent + 1, publish: { channel: this.#channel, data } }));
  }

  async #connect(commands: readonly object[]): Promise<WebSocket> {
    const socket = new WebSocket(`ws://127.0.0.1:${this.#port}/connection/websocket`);
    socket.on("error", () => (counts.failed += 1));
    socket.on("close", () => (counts.failed += 1));
    await once(socket, "open");
    const answered = new Promise<void>((resolve) => {
      socket.on("message", (message: Buffer) => {
        for (const line of message.toString().split("\n")) {
          const heard = JSON.parse(line) as Line;
          if (heard.id === undefined && heard.push === undefined) socket.send("{}");
          if (heard.id === commands.length) resolve();
          this.#hear(heard);
        }
      });
    });
    socket.send(commands.map((command) => JSON.stringify(command)).join("\n"));
    await answered;
    return socket;
  }

  #hear({ error, push }: Line): void {
    if (error !== undefined) counts.failed += 1;
    const data = push?.pub?.data;
    if (data === undefined) return;
    const us = nowUs() - data.atUs;
    countLatency(latencies, us);
    maxMs = Math.max(maxMs, us / 1_000);
    if (!this.missing.delete(data.n)) counts.repeated += 1;
    else if (data.n < this.#highest) counts.reordered += 1;
    this.#highest = Math.max(this.#highest, data.n);
    arrived();
  }
}

const all: Bystander[] = [];
const lost = (): number => all.reduce((sum, { missing }) => sum + missing.size, 0);

/** Says nothing more; waits for what is on its way. */
async function fallSilent(): Promise<void> {
  isSilent = true;
  const late = AbortSignal.timeout(graceMs);
  while (lost() > 0 && !late.aborted) {
    await new Promise<void>((resolve) => {
      arrived = resolve;
      late.addEventListener("abort", () => resolve(), { once: true });
    });
  }
}

async function report(): Promise<Heard> {
  await fallSilent();
  const { published, repeated, reordered, failed } = counts;
  const [p50Ms, p99Ms] = [quantileMs(latencies, 0.5), quantileMs(latencies, 0.99)];
  const heard = { published, lost: lost(), repeated, reordered, failed, p50Ms, p99Ms, maxMs };
  for (const { missing } of all) missing.clear();
  counts = { published: 0, repeated: 0, reordered: 0, failed: 0 };
  latencies = noLatencies();
  maxMs = 0;
  isSilent = false;
  return heard;
}

answer<BystanderTalk>({
  begin: async ({ port }) => {
    for (let index = 0; index < bystanders; index += 1) {
      const one = new Bystander(String(index), port);
      all.push(one);
      await one.begin();
      // Not all at once.
      await new Promise((resolve) => void setTimeout(resolve, everyMs / bystanders));
    }
    return null;
  },
  report,
  rest: async ({ ms }) => {
    await fallSilent();
    await sleep(ms);
    isSilent = false;
    return null;
  },
  standFirst: () => ({ standing: stand("first") }),
});
