// A client that has nothing to do with an attack: publishes 20 times a second, reads on another connection, and counts.
import { once } from "node:events";
import WebSocket from "ws";
import { answer } from "tidewire/bench";
import { countLatency, type Latencies, noLatencies, quantileMs } from "tidewire/bench";
import { nowUs } from "tidewire/bench";
import type { BystanderTalk, Heard } from "./talk.ts";

/** Well below what one connection may publish: what a stalled server finds at once is within its burst. */
const everyMs = 50;
const graceMs = 20_000;
const channel = "public:bystander";

interface Line {
  readonly id?: number;
  readonly error?: object;
  readonly push?: { readonly pub?: { readonly data: { readonly n: number; readonly atUs: number } } };
}

let sent = 0;
/** Numbers that have not arrived. */
const missing = new Set<number>();
let highest = 0;
let counts = { published: 0, repeated: 0, reordered: 0, failed: 0 };
let latencies: Latencies = noLatencies();
let maxMs = 0;
let arrived: () => void = () => undefined;
let writer: WebSocket | null = null;

function hear({ error, push }: Line): void {
  if (error !== undefined) counts.failed += 1;
  const data = push?.pub?.data;
  if (data === undefined) return;
  const us = nowUs() - data.atUs;
  countLatency(latencies, us);
  maxMs = Math.max(maxMs, us / 1_000);
  if (!missing.delete(data.n)) counts.repeated += 1;
  else if (data.n < highest) counts.reordered += 1;
  highest = Math.max(highest, data.n);
  arrived();
}

async function connect(port: number, commands: readonly object[]): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/connection/websocket`);
  socket.on("error", () => (counts.failed += 1));
  socket.on("close", () => (counts.failed += 1));
  await once(socket, "open");
  const answered = new Promise<void>((resolve) => {
    socket.on("message", (message: Buffer) => {
      for (const line of message.toString().split("\n")) {
        const heard = JSON.parse(line) as Line;
        if (heard.id === undefined && heard.push === undefined) socket.send("{}");
        if (heard.id === commands.length) resolve();
        hear(heard);
      }
    });
  });
  socket.send(commands.map((command) => JSON.stringify(command)).join("\n"));
  await answered;
  return socket;
}

function publish(): void {
  if (writer === null) return;
  sent += 1;
  counts.published += 1;
  missing.add(sent);
  const data = { n: sent, atUs: nowUs() };
  writer.send(JSON.stringify({ id: sent + 1, publish: { channel, data } }));
}

async function report(): Promise<Heard> {
  const speaking = writer;
  writer = null;
  const late = AbortSignal.timeout(graceMs);
  while (missing.size > 0 && !late.aborted) {
    await new Promise<void>((resolve) => {
      arrived = resolve;
      late.addEventListener("abort", () => resolve(), { once: true });
    });
  }
  const { published, repeated, reordered, failed } = counts;
  const [p50Ms, p99Ms] = [quantileMs(latencies, 0.5), quantileMs(latencies, 0.99)];
  const heard = { published, lost: missing.size, repeated, reordered, failed, p50Ms, p99Ms, maxMs };
  missing.clear();
  counts = { published: 0, repeated: 0, reordered: 0, failed: 0 };
  latencies = noLatencies();
  maxMs = 0;
  writer = speaking;
  return heard;
}

answer<BystanderTalk>({
  begin: async ({ port }) => {
    await connect(port, [
      { id: 1, connect: {} },
      { id: 2, subscribe: { channel } },
    ]);
    writer = await connect(port, [{ id: 1, connect: {} }]);
    setInterval(publish, everyMs);
    return null;
  },
  report,
});
