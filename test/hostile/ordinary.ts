// An ordinary day, in short: clients that come, do what clients do, and go. A server compiles what it runs for the first
// time, and on one that has seen nobody yet that would count as the attack's doing.
import { setTimeout as sleep } from "node:timers/promises";
import { frame, readUntil } from "../wire.ts";
import { command, connect, dialFrom, many, openAt } from "./attackers.ts";

const rounds = 40;
const clients = 50;
const pauseMs = 50;

export async function ordinaryDay(port: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    await many(clients, async (index) => {
      await chat(port, index);
      await listen(port, index);
      await post(port, index);
    });
    await sleep(pauseMs);
  }
}

/** Sits in a channel, says a few things, asks who is there, makes a mistake, and leaves. */
async function chat(port: number, index: number): Promise<void> {
  const channel = `public:day${index % 10}`;
  const commands: readonly object[] = [
    { subscribe: { channel } },
    { presence: { channel } },
    { history: { channel, limit: 10 } },
    { publish: { channel, data: { text: "hello" } } },
    { publish: { channel, data: { text: "hello again" } } },
    { presence: { channel: "nowhere" } },
    { unsubscribe: { channel } },
  ];
  const socket = await openAt(port, "/connection/websocket", { index });
  const answered = readUntil(socket, (text) => text.includes(`"id":${commands.length + 1},`));
  socket.resume();
  socket.write(connect);
  commands.forEach((one, at) => socket.write(command({ id: at + 2, ...one })));
  expectIn(await answered, `"id":${commands.length + 1},`);
  socket.write(frame("close", Uint8Array.of(3, 232)));
  await readUntil(socket, () => false);
}

/** Watches what everybody is told, and says something. */
async function listen(port: number, index: number): Promise<void> {
  const socket = await openAt(port, "/raw/crowd", { index });
  const heard = readUntil(socket, (text) => text.includes(`"${index}"`));
  socket.resume();
  socket.write(frame("text", JSON.stringify(String(index))));
  socket.write(frame("ping"));
  expectIn(await heard, `"${index}"`);
  socket.destroy();
}

/** Without a WebSocket. */
async function post(port: number, index: number): Promise<void> {
  const socket = await dialFrom(port, index);
  socket.write("POST /raw/crowd HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}");
  socket.write("GET /raw/crowd/presence HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const answers = await readUntil(socket, () => false);
  expectIn(answers, "HTTP/1.1 200 ");
}

/** A day on which nobody was served would warm nothing. */
function expectIn(answer: string, expected: string): void {
  if (!answer.includes(expected)) throw new Error(`an ordinary day: expected ${expected}, got ${answer.slice(0, 200)}`);
}
