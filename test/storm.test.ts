// A storm: thousands of members lose their node and return at once, some of whom never read (R1, R2).
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import WebSocket from "ws";
import { freePort, nodeOn, temporaryFile } from "./killable-node.ts";

const channel = "public:crowd";
const size = 5_000;
/** Who never reads answers no ping either, and would be gone before a slow machine is through. */
const patient = { pingIntervalMs: 600_000 };
/** One of a hundred never reads. */
const isDeaf = (index: number): boolean => index % 100 === 99;

const subscribe = JSON.stringify({ id: 2, subscribe: { channel, join_leave: true } });

interface Told {
  readonly id?: number;
  readonly connect?: { readonly client: string };
  readonly presence?: { readonly presence: Readonly<Record<string, unknown>> };
  readonly presence_stats?: { readonly num_clients: number };
  readonly error?: { readonly code: number };
  readonly push?: {
    readonly members?: { readonly clients: number; readonly listed?: true };
    readonly join?: { readonly info: { readonly client: string } };
    readonly leave?: { readonly info: { readonly client: string } };
    readonly unsubscribe?: unknown;
  };
}

/** A member that comes back whenever its connection is lost, and remembers what it was told of the others. */
class Member {
  session = "";
  /** The newest count it was told. */
  count = 0;
  /** The sessions it knows of, once it has asked for them. */
  known: Set<string> | null = null;
  /** How often the server, and not the death of its process, closed the connection: close codes. */
  readonly closings: number[] = [];
  #socket: WebSocket | null = null;
  #isGone = false;
  readonly #url: string;
  readonly #isDeaf: boolean;
  readonly #changed: () => void;
  readonly #answers = new Map<number, (told: Told) => void>();
  #ids = 2;

  constructor(url: string, options: { readonly isDeaf: boolean; readonly changed: () => void }) {
    this.#url = url;
    this.#isDeaf = options.isDeaf;
    this.#changed = options.changed;
    this.#dial();
  }

  ask(command: "presence" | "presence_stats"): Promise<Told> {
    const id = this.#tell(command);
    return new Promise((resolve) => void this.#answers.set(id, resolve));
  }

  leave(): void {
    this.#isGone = true;
    this.#socket?.terminate();
  }

  /** Who never reads does not see that its connection is gone. */
  notice(): void {
    if (!this.#isDeaf) return;
    this.#socket?.resume();
    this.#socket?.terminate();
  }

  #dial(): void {
    const socket = new WebSocket(`${this.#url}/connection/websocket`, { perMessageDeflate: false });
    this.#socket = socket;
    this.session = "";
    this.count = 0;
    this.known = null;
    socket.on("error", () => undefined);
    socket.on("open", () => {
      socket.send(
        '{"id":1,"connect":{"tide":1}}\n' + JSON.stringify({ id: 2, subscribe: { channel, join_leave: true } }),
      );
      if (this.#isDeaf) socket.pause();
    });
    socket.on("message", (data: Buffer) => {
      for (const line of data.toString().split("\n")) this.#hear(JSON.parse(line) as Told);
      this.#changed();
    });
    socket.on("close", (code) => {
      // 1006: no close frame came, as when a process dies.
      if (code !== 1006) this.closings.push(code);
      if (!this.#isGone) setTimeout(() => this.#dial(), Math.random() * 1_000);
    });
  }

  #tell(command: "presence" | "presence_stats"): number {
    const id = (this.#ids += 1);
    this.#socket?.send(JSON.stringify({ id, [command]: { channel } }));
    return id;
  }

  /** Too much passed at once to be told of each: it reads anew, as SDKs do. */
  #resubscribe(): void {
    this.#socket?.send(subscribe);
    if (this.known !== null) this.#tell("presence");
  }

  #hear(told: Told): void {
    const { id, connect, push } = told;
    if (id === undefined && push === undefined) this.#socket?.send("{}");
    if (connect !== undefined) this.session = connect.client;
    if (push?.members !== undefined) this.count = push.members.clients;
    // PROTOCOL 1.15
    if (push?.members?.listed === true) this.#tell("presence");
    if (push?.join !== undefined) this.known?.add(push.join.info.client);
    if (push?.leave !== undefined) this.known?.delete(push.leave.info.client);
    if (push?.unsubscribe !== undefined) this.#resubscribe();
    if (told.presence !== undefined) this.known = new Set(Object.keys(told.presence.presence));
    if (id !== undefined) this.#answers.get(id)?.(told);
  }
}

test("5,000 members lose their node and return: all know of all, and nobody was closed", async () => {
  const [file, port] = [temporaryFile(), await freePort()];
  const node = await nodeOn(file, port, patient);
  let check = (): void => undefined;
  const until = (isDone: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      check = () => {
        if (isDone()) resolve();
      };
      check();
    });
  const members = Array.from(
    { length: size },
    (_, index) => new Member(`ws://127.0.0.1:${port}`, { isDeaf: isDeaf(index), changed: () => check() }),
  );
  onTestFinished(() => {
    for (const member of members) member.leave();
  });
  const readers = members.filter((_, index) => !isDeaf(index));
  const knowAll = (): boolean => readers.every(({ count }) => count === size);
  await until(knowAll);

  node.kill("SIGKILL");
  await once(node, "exit");
  for (const member of members) member.notice();
  await nodeOn(file, port, patient);
  await until(knowAll);
  const [one] = readers;
  expect((await one?.ask("presence_stats"))?.presence_stats?.num_clients).toBe(size);
  expect((await one?.ask("presence"))?.error?.code).toBe(106);

  // Once they are few enough to be shown, everybody is told so, lists them, and is told of each one.
  const stay = readers.slice(0, 800);
  for (const member of members) if (!stay.includes(member)) member.leave();
  await until(() => stay.every(({ known }) => known !== null));
  for (const member of stay.splice(0, 100)) member.leave();
  const sessions = new Set(stay.map(({ session }) => session));
  await until(() => stay.every(({ known }) => known?.size === sessions.size));
  expect(stay.every(({ known }) => known !== null && [...sessions].every((session) => known.has(session)))).toBe(true);
  expect(members.flatMap(({ closings }) => closings)).toEqual([]);
}, 120_000);
