// The log against a server on a real port that keeps a history: no hole and no repeat between what was and what comes.
import { expect, test } from "vitest";
import { comeBack } from "../test/channel-log.ts";
import type { Answer, Json, Script, ServerLink } from "../test/scripted-server.ts";
import { connected, holds, quiet, setStage, type Stage } from "../test/stage.ts";
import { type Log, logOf, type LogOptions, type LogSnapshot } from "./log.ts";

/** A log of one channel, as a server has it; it may keep its answers to `history` back. */
class History {
  epoch = "e1";
  top = 0;
  /** What history has forgotten. */
  floor = 0;
  isSlow = false;
  mayRecover = true;
  readonly held: (() => void)[] = [];
  readonly #limit: number;

  constructor(top: number, limit = 100) {
    this.top = top;
    this.#limit = limit;
  }

  publish(stage: Stage, count = 1): void {
    for (let at = 0; at < count; at += 1) stage.server.link.publish("news", (this.top += 1));
  }

  readonly script: Script = (method, params, link): Answer => {
    if (method === "subscribe") return { subscribe: this.#subscribe(params) };
    if (method !== "history") return undefined;
    if (!this.isSlow) return this.#answer(params);
    const id = stageId(link);
    this.held.push(() => link.send({ id, ...this.#answer(params) }));
    return "hang";
  };

  #subscribe(params: Json): Json {
    const isSame = params["recover"] === true && params["epoch"] === this.epoch && this.mayRecover;
    const place = { recoverable: true, positioned: true, epoch: this.epoch };
    return isSame ? { ...place, offset: params["offset"], recovered: true } : { ...place, offset: this.top };
  }

  #answer({ limit, since }: Json): Json {
    const { epoch, offset } = since as { readonly epoch: string; readonly offset: number };
    if (epoch !== this.epoch) return { error: { code: 112, message: "unrecoverable position" } };
    const publications: Json[] = [];
    for (let at = offset - 1; at > this.floor && publications.length < Math.min(Number(limit), this.#limit); at -= 1) {
      publications.push({ data: at, offset: at });
    }
    return { history: { publications, epoch, offset: this.top } };
  }
}

/** The number of the command that is being answered: the newest. */
function stageId(link: ServerLink): number {
  const lines = (link.frames.at(-1) ?? "").split("\n");
  return Number((JSON.parse(lines.at(-1) ?? "{}") as Json)["id"]);
}

interface Watched {
  readonly stage: Stage;
  readonly history: History;
  readonly log: Log;
  /** What it shows after everything on its way has come. */
  readonly shows: () => Promise<LogSnapshot>;
  readonly stop: () => void;
}

async function watch(history: History, options: LogOptions = {}): Promise<Watched> {
  const stage = await setStage();
  stage.server.script = history.script;
  const channel = stage.client.channel("news");
  const log = logOf(channel, options);
  const stop = log.subscribe(() => undefined);
  await connected(stage);
  await holds(channel.onState, () => (channel.status.kind === "live" ? true : null));
  const shows = async (): Promise<LogSnapshot> => {
    await quiet(stage);
    stage.clock.advance(16);
    return log.getSnapshot();
  };
  return { stage, history, log, shows, stop };
}

const offsets = ({ publications }: LogSnapshot): readonly number[] =>
  publications.map(({ position }) => position?.offset ?? 0);
const upTo = (first: number, last: number): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at);

test("begins with the newest, goes on with what comes, and reads older ones on demand until there are none", async () => {
  const { stage, history, log, shows } = await watch(new History(100), { newest: 10 });
  history.floor = 50;
  expect(offsets(await shows())).toEqual(upTo(91, 100));
  history.publish(stage, 3);
  expect(offsets(await shows())).toEqual(upTo(91, 103));
  log.older();
  log.older();
  expect(offsets(await shows())).toEqual(upTo(81, 103));
  log.older(1_000);
  expect(await shows()).toMatchObject({ hasOlder: true, isLoading: false });
  log.older();
  const all = await shows();
  expect(offsets(all)).toEqual(upTo(51, 103));
  expect(all).toMatchObject({ hasOlder: false, gap: null, error: null });
  log.older();
  await quiet(stage);
  expect(stage.server.all("history").length).toBe(4);
});

test("joins a late answer with what came meanwhile, each once and in order", async () => {
  const history = new History(20);
  history.isSlow = true;
  const { stage, shows } = await watch(history, { newest: 5 });
  await stage.server.hears("history");
  history.publish(stage, 30);
  expect(await shows()).toMatchObject({ isLoading: true });
  expect(offsets(await shows())).toEqual(upTo(21, 50));
  for (const answer of history.held) answer();
  expect(offsets(await shows())).toEqual(upTo(16, 50));
});

test("goes on after a reconnect, with what was missed in its place", async () => {
  const { stage, history, shows } = await watch(new History(20), { newest: 5 });
  await shows();
  await comeBack(stage, stage.client.channel("news"));
  history.publish(stage, 2);
  expect(offsets(await shows())).toEqual(upTo(16, 22));
  expect(stage.server.all("history").length).toBe(1);
});

test("asks again on the next connection for what the last one did not answer", async () => {
  const history = new History(20);
  history.isSlow = true;
  const { stage, shows } = await watch(history, { newest: 5 });
  await stage.server.hears("history");
  history.isSlow = false;
  await comeBack(stage, stage.client.channel("news"));
  await stage.server.hears("history", 2);
  expect(offsets(await shows())).toEqual(upTo(16, 20));
});

test("begins anew after a gap in the middle, and says so", async () => {
  const { stage, history, shows } = await watch(new History(20), { newest: 5 });
  await shows();
  history.mayRecover = false;
  history.top = 40;
  history.floor = 38;
  await comeBack(stage, stage.client.channel("news"));
  await stage.server.hears("history", 2);
  const shown = await shows();
  expect(offsets(shown)).toEqual([39, 40]);
  expect(shown.gap).toEqual({ from: { epoch: "e1", offset: 20 }, to: { epoch: "e1", offset: 40 } });
});

test("begins anew in another epoch; an answer of the one before counts for nothing", async () => {
  const history = new History(20);
  history.isSlow = true;
  const { stage, shows } = await watch(history, { newest: 5 });
  await stage.server.hears("history");
  history.publish(stage);
  expect(offsets(await shows())).toEqual([21]);
  history.isSlow = false;
  history.epoch = "e2";
  history.top = 3;
  stage.server.link.push("news", { unsubscribe: { code: 2500, reason: "insufficient state" } });
  await holds(stage.client.channel("news").onState, () =>
    stage.client.channel("news").status.kind === "waiting" ? true : null,
  );
  for (const answer of history.held) answer();
  await quiet(stage);
  stage.clock.advance(2_000);
  await stage.server.hears("history", 2);
  const shown = await shows();
  expect(shown.publications.map(({ id }) => id)).toEqual(["e2:1", "e2:2", "e2:3"]);
  expect(shown.gap?.to).toEqual({ epoch: "e2", offset: 3 });
});

test("keeps so many, and reads no older ones than it may keep", async () => {
  const { stage, history, log, shows } = await watch(new History(100), { newest: 4, keep: 6 });
  log.older();
  await shows();
  log.older();
  expect(offsets(await shows())).toEqual(upTo(95, 100));
  expect(log.getSnapshot().hasOlder).toBe(false);
  history.publish(stage, 20);
  expect(offsets(await shows())).toEqual(upTo(115, 120));
  expect(() => logOf(stage.client.channel("news"), { keep: 0 })).toThrow(RangeError);
});

test("says why history was not read, still shows what comes, and asks again when told to", async () => {
  const stage = await setStage();
  const history = new History(20);
  stage.server.script = (method, params, link) =>
    method === "history" ? { error: { code: 108, message: "not available" } } : history.script(method, params, link);
  const channel = stage.client.channel("news");
  const log = logOf(channel, { newest: 2 });
  log.subscribe(() => undefined);
  await connected(stage);
  await stage.server.hears("history");
  history.publish(stage);
  await quiet(stage);
  stage.clock.advance(16);
  expect(log.getSnapshot()).toMatchObject({ isLoading: false, hasOlder: true, error: { reason: "not_available" } });
  expect(offsets(log.getSnapshot())).toEqual([21]);
  stage.server.script = history.script;
  log.older();
  await quiet(stage);
  stage.clock.advance(16);
  expect(offsets(log.getSnapshot())).toEqual([19, 20, 21]);
  expect(log.getSnapshot().error).toBeNull();
});

test("left and watched again it goes on where nothing came, and reads anew where something did", async () => {
  const { stage, history, log, shows, stop } = await watch(new History(20), { newest: 5 });
  await shows();
  // As React does that mounts twice: the subscription is in its grace.
  stop();
  const again = log.subscribe(() => undefined);
  expect(offsets(await shows())).toEqual(upTo(16, 20));
  expect(stage.server.all("history").length).toBe(1);
  again();
  history.publish(stage, 3);
  await quiet(stage);
  log.subscribe(() => undefined);
  await stage.server.hears("history", 2);
  expect(offsets(await shows())).toEqual(upTo(19, 23));
});
