// What hostile programs cost those who have nothing to do with them: Harbor's own processes, people who chat, and strangers who
// hand in the worst programs there are, one after the other. `node --conditions=@tidewire/source bench/judge/main.ts [rounds]`
import path from "node:path";
import type { Client } from "@tidewire/client";
import { countLatency, type Latencies, noLatencies, nowUs, quantileMs } from "tidewire/bench";
import { chat, sendMessage } from "../../apps/harbor/contract/chat.ts";
import { listSubmissions, submitProgram, type Verdict } from "../../apps/harbor/contract/judge.ts";
import { guestAt } from "../../apps/harbor/server/testing/guest.ts";
import { fromSource, root, startServer, withParent } from "../../test/browser/server-process.ts";
import { childrenRunning } from "../../test/child-processes.ts";

const roundMs = 10_000;
const writeEveryMs = 50;
const strangers = 4;
const lookEveryMs = 100;
const room = "workshop";

const hostile = [
  "for (;;);",
  "return new Array(2 ** 32 - 1).join('ab')",
  "const all = []; for (;;) all.push(new Uint8Array(1e6).fill(7))",
  "for (;;) console.log('x'.repeat(1000))",
  "return /^(a+)+$/.test('a'.repeat(60) + 'b')",
  "for (;;) { try { solve(length) } finally { solve(length) } }",
];

const pause = async (ms: number): Promise<void> => await new Promise((resolve) => void setTimeout(resolve, ms));

async function main(rounds: number): Promise<void> {
  const server = await startServer({
    args: [fromSource, withParent, path.join(root, "apps/harbor/server/main.ts")],
    ready: /^ {2}App {2,}http:/,
    env: (port, data) => ({ PORT: String(port), HOST: "127.0.0.1", TIDEWIRE_DATA: data, NODE_ENV: "" }),
  });
  const workers = (): string => childrenRunning(server.processId, path.join("harbor", "worker", "main.ts")).join();
  const clients: Client[] = [];
  const comeIn = async (name: string): Promise<Client> => {
    const client = (await guestAt(server.port, name)).connect();
    clients.push(client);
    return client;
  };
  try {
    const talk = new Talk(await comeIn("Writer"), await comeIn("Reader"));
    const people = await Promise.all(Array.from({ length: strangers }, (_, index) => comeIn(`Stranger ${index}`)));
    await talk.during(pause(2_000));
    const worker = workers();
    const [quiet, loud] = [noLatencies(), noLatencies()];
    const verdicts = new Map<Verdict, number>();
    for (let round = 0; round < rounds; round += 1) {
      await talk.during(pause(roundMs), quiet);
      const until = performance.now() + roundMs;
      await talk.during(Promise.all(people.map((person) => attack(person, { until, verdicts }))), loud);
    }
    const shown = (all: Latencies): object => ({ p50Ms: quantileMs(all, 0.5), p99Ms: quantileMs(all, 0.99) });
    const ratio = quantileMs(loud, 0.99) / quantileMs(quiet, 0.99);
    const isSameWorker = worker === workers();
    const found = {
      quiet: shown(quiet),
      hostile: shown(loud),
      ratio,
      isSameWorker,
      verdicts: Object.fromEntries(verdicts),
    };
    process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
  } finally {
    for (const client of clients) client.close();
    await server.stop();
  }
}

/** Somebody who writes twenty times a second, and somebody who reads it. */
class Talk {
  readonly #writer: Client;
  readonly #sentUs = new Map<string, number>();
  #latencies: Latencies = noLatencies();
  #count = 0;

  constructor(writer: Client, reader: Client) {
    this.#writer = writer;
    const channel = reader.channel(chat, { room });
    channel.onPublication(({ data: { message } }) => {
      const sentUs = this.#sentUs.get(message.text);
      if (sentUs !== undefined) countLatency(this.#latencies, nowUs() - sentUs);
    });
    channel.open();
  }

  async during(what: Promise<unknown>, latencies: Latencies = noLatencies()): Promise<void> {
    this.#latencies = latencies;
    let isOver = false;
    const end = what.finally(() => (isOver = true));
    while (!isOver) {
      this.#count += 1;
      const text = `message ${this.#count}`;
      this.#sentUs.set(text, nowUs());
      this.#writer.call(sendMessage, { room, text, nonce: crypto.randomUUID() }).catch(() => undefined);
      await pause(writeEveryMs);
    }
    await end;
  }
}

let handedIn = 0;

async function attack(
  person: Client,
  { until, verdicts }: { readonly until: number; readonly verdicts: Map<Verdict, number> },
): Promise<void> {
  while (performance.now() < until) {
    handedIn += 1;
    const source = `function solve(length) { ${hostile[handedIn % hostile.length] ?? ""} }`;
    const program = { problem: "anchor-chain", language: "javascript", source, nonce: crypto.randomUUID() } as const;
    const { id } = await person.call(submitProgram, program);
    const verdict = await verdictOf(person, id);
    verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
  }
}

async function verdictOf(person: Client, id: number): Promise<Verdict> {
  for (;;) {
    const { submissions } = await person.call(listSubmissions, {});
    const judged = submissions.find((each) => each.id === id)?.judged;
    if (judged !== null && judged !== undefined) return judged.verdict;
    await pause(lookEveryMs);
  }
}

await main(Number(process.argv[2] ?? 4));
