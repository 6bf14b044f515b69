// The lab of a running Harbor: a line breaks in every way on the server's side, and the numbers that pass it come whole.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Client } from "@tidewire/client";
import { afterEach, beforeEach, expect, it } from "vitest";
import { WebSocket } from "ws";
import {
  type LineEvent,
  healLine,
  labNumbers,
  lineLog,
  linePath,
  listNumbers,
  openLine,
  setFault,
  strikeLine,
} from "../../contract/lab.ts";
import { parseConfig } from "../config.ts";
import { type Harbor, startHarbor } from "../harbor.ts";
import { connectAs, everyoneGone, guestAt, type TestGuest } from "../testing/guest.ts";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

let folder: string;
let harbor: Harbor;
const clients: Client[] = [];

async function start(env: NodeJS.ProcessEnv = {}): Promise<void> {
  const config = parseConfig({ PORT: "0", HOST: "127.0.0.1", TIDEWIRE_DATA: folder, ...env }, []);
  harbor = await startHarbor({ ...config, port: 0 }, quiet);
}

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "harbor-lab-"));
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  // In production a server that stops takes its time with those who are still there.
  await everyoneGone();
  await harbor.stop();
  rmSync(folder, { recursive: true });
});

interface Experiment {
  readonly guest: TestGuest;
  /** The guest's ordinary connection. */
  readonly main: Client;
  /** The one through the line. */
  readonly line: Client;
  /** Numbers as the line handed them over. */
  readonly numbers: readonly number[];
  readonly events: readonly LineEvent[];
  readonly gaps: () => number;
}

function held(client: Client): Client {
  clients.push(client);
  return client;
}

async function experiment(): Promise<Experiment> {
  const guest = await guestAt(harbor.port, "Ada");
  const main = held(guest.connect());
  // As a page on another seat does: what follows the path goes along.
  const line = held(guest.connect(`${linePath}?seat=1`));
  const numbers: number[] = [];
  const events: LineEvent[] = [];
  let gaps = 0;
  const log = main.channel(lineLog, { guest: guest.id });
  log.onPublication(({ data }) => void events.push(data.event));
  log.open();
  const channel = line.channel(labNumbers, { guest: guest.id });
  channel.onPublication(({ data }) => void numbers.push(data.number));
  channel.onGap(() => (gaps += 1));
  channel.open();
  await comes(() => numbers.length > 2);
  return { guest, main, line, numbers, events, gaps: () => gaps };
}

async function comes(holds: () => boolean): Promise<void> {
  await expect.poll(holds, { timeout: 14_000, interval: 20 }).toBe(true);
}

/** What came is what the server's list says, from the first that came to the last. */
async function isWhole({ main, numbers, gaps }: Experiment): Promise<void> {
  const first = numbers[0] ?? 0;
  const { numbers: listed } = await main.call(listNumbers, { from: first });
  await comes(() => (numbers.at(-1) ?? 0) >= (listed.at(-1) ?? 0));
  expect(numbers.slice(0, listed.length)).toEqual(listed);
  expect(listed).toEqual(Array.from(listed, (_, index) => first + index));
  expect(gaps()).toBe(0);
}

const kinds = (events: readonly LineEvent[]): string[] => events.map(({ kind }) => kind);

it("cuts the socket: the client comes back to a session that goes on where it was, and the server says so", async () => {
  await start();
  const ada = await experiment();
  const before = ada.numbers.length;
  expect(await ada.main.call(strikeLine, { strike: "cut" })).toEqual({ connections: 1 });
  await comes(() => ada.numbers.length > before + 5);
  await isWhole(ada);
  await comes(() => kinds(ada.events).includes("cut"));
  const seen = kinds(ada.events);
  expect(seen.slice(seen.indexOf("cut"))).toEqual(["cut", "closed", "accepted", "session"]);
  // Nobody else's connection was touched.
  expect(ada.main.state.kind).toBe("connected");
});

it("lets a line go dead in silence; healing ends it, and the next one lives", async () => {
  await start();
  const ada = await experiment();
  expect(await ada.main.call(strikeLine, { strike: "half-open" })).toEqual({ connections: 1 });
  const { active } = await ada.main.call(openLine, {});
  expect(active).toEqual([{ fault: "half-open", untilMs: null }]);
  const dead = ada.numbers.length;
  const { numbers } = await ada.main.call(listNumbers, { from: 1 });
  const later = (numbers.at(-1) ?? 0) + 5;
  await expect
    .poll(async () => (await ada.main.call(listNumbers, { from: later })).numbers.length, { timeout: 14_000 })
    .toBeGreaterThan(0);
  // Five more were made, none of them came, and the client does not know.
  expect([ada.numbers.length, ada.line.state.kind]).toEqual([dead, "connected"]);
  expect(await ada.main.call(healLine, {})).toEqual({ active: [] });
  await comes(() => (ada.numbers.at(-1) ?? 0) > later);
  await isWhole(ada);
});

it("sets several faults at once, takes them back one by one, and refuses whoever comes while it is unplugged", async () => {
  await start();
  const ada = await experiment();
  const set = async (fault: "slices" | "delay" | "unplug", isOn: boolean): Promise<string[]> =>
    (await ada.main.call(setFault, { fault, isOn })).active.map((each) => each.fault);
  expect(await set("slices", true)).toEqual(["slices"]);
  expect(await set("delay", true)).toEqual(["slices", "delay"]);
  const before = ada.numbers.length;
  await comes(() => ada.numbers.length > before + 5);
  expect(await set("slices", false)).toEqual(["delay"]);
  expect(await set("unplug", true)).toEqual(["delay", "unplug"]);
  await comes(() => kinds(ada.events).includes("refused"));
  expect(await ada.main.call(healLine, {})).toEqual({ active: [] });
  ada.line.retry();
  const { length } = ada.numbers;
  await comes(() => ada.numbers.length > length + 5);
  await isWhole(ada);
});

it("goes on counting after the server has started anew", async () => {
  await start();
  const ada = await experiment();
  const before = ada.numbers.at(-1) ?? 0;
  await harbor.stop();
  await start();
  const cookie = ada.guest.headers["cookie"] ?? "";
  const again = held(connectAs({ port: harbor.port, cookie, path: linePath }));
  const numbers: number[] = [];
  const channel = again.channel(labNumbers, { guest: ada.guest.id });
  channel.onPublication(({ data }) => void numbers.push(data.number));
  channel.open();
  await comes(() => numbers.length > 2);
  expect(numbers[0]).toBeGreaterThan(before);
});

/** The status with which an upgrade is refused. */
function answerTo(headers: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${harbor.port}${linePath}`, { headers });
    socket.on("error", () => undefined);
    socket.on("unexpected-response", (_request, response) => {
      resolve(response.statusCode ?? 0);
      socket.terminate();
    });
  });
}

it("is one's own: nobody else listens to it, and no other page opens it", async () => {
  await start();
  const ada = await experiment();
  const bob = held((await guestAt(harbor.port, "Bob")).connect());
  for (const name of [labNumbers.name({ guest: ada.guest.id }), lineLog.name({ guest: ada.guest.id })]) {
    const channel = bob.channel(name);
    channel.open();
    await comes(() => channel.status.kind === "refused");
  }
  expect(await answerTo({ ...ada.guest.headers, origin: "http://evil.example" })).toBe(403);
  expect(await answerTo({ origin: `http://127.0.0.1:${harbor.port}` })).toBe(403);
});

it("is not there in production", async () => {
  await start({ NODE_ENV: "production" });
  const guest = await guestAt(harbor.port, "Ada");
  const main = held(guest.connect());
  await expect(main.call(openLine, {})).rejects.toMatchObject({ reason: "not_available" });
  expect(await answerTo(guest.headers)).toBe(404);
});
