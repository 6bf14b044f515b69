// What every official SDK is led through, one step after the other on one connection, and what it has to tell then.
import assert from "node:assert/strict";
import type { FaultProxy } from "@tidewire/client/testing";
import { defineCall, defineChannel, TidewireError } from "@tidewire/protocol";
import type { ChannelHandle, Tidewire } from "@tidewire/server";
import { tokenOf } from "@tidewire/server/testing";
import { type Assumed, secret } from "../server.ts";
import type { Speaker } from "./speaker.ts";

const historySize = 10;
const channel = "lobby";
const closed = "closed";
const any = defineChannel("{name}", { history: { size: historySize, ttlMs: 300_000 }, presence: true });

export const assumed: Assumed = {
  channels: [any],
  tokens: { secret },
  access: { subscribe: (request) => request.channel !== closed },
};

export interface Trial {
  readonly speaker: Speaker;
  readonly tide: Tidewire;
  /** Between the SDK and the server. */
  readonly line: FaultProxy;
}

export interface Step {
  readonly name: string;
  readonly act: (trial: Trial) => Promise<void>;
}

export const steps: readonly Step[] = [
  { name: "connects with a token that it is given", act: connects },
  { name: "brings a new token before the old one expires, on one connection", act: refreshes },
  { name: "is refused a channel by the rule for it", act: isRefused },
  { name: "hears in a channel what it publishes and what others do", act: publishes },
  { name: "reads the history", act: readsHistory },
  { name: "finds itself present", act: isPresent },
  { name: "is answered its calls, and told the application's error", act: calls },
  { name: "recovers what it missed while the line was cut", act: recovers },
  { name: "says so where history no longer has what it missed", act: losesSome },
];

/** What the programs call. */
export function answerCalls(tide: Tidewire): void {
  tide.handle(defineCall("double"), (input) => ({ twice: Number(input) * 2 }));
  tide.handle(defineCall("teapot"), () => {
    throw new TidewireError({ code: 418, temporary: false }, "short and stout");
  });
}

/** SDKs ask for the next token when this time is over. */
const shortS = 2;

/** Valid for `seconds` from now. */
const tokenFor = (seconds: number): string => tokenOf({ sub: "ann", exp: Date.now() / 1_000 + seconds }, secret);
const lobbyOf = (tide: Tidewire): ChannelHandle<unknown> => tide.channel(any, { name: channel });

async function connects({ speaker }: Trial): Promise<void> {
  speaker.obey("connect");
  await speaker.next("token");
  speaker.obey("token", tokenFor(shortS));
  await speaker.next("connected");
}

async function refreshes({ speaker }: Trial): Promise<void> {
  // It asks for another after this one because the server has accepted this one, and has said for how long.
  for (const seconds of [shortS, 600]) {
    await speaker.next("token");
    speaker.obey("token", tokenFor(seconds));
  }
  speaker.obey("rpc", "double", "1");
  await speaker.next("answer");
  assert.equal(speaker.since(0, "connected").length, 1);
  assert.deepEqual(speaker.since(0, "disconnected"), []);
}

async function isRefused({ speaker }: Trial): Promise<void> {
  speaker.obey("subscribe", closed);
  assert.deepEqual(await speaker.next("subscribed", "unsubscribed"), ["unsubscribed", closed, "103"]);
}

async function publishes({ speaker, tide }: Trial): Promise<void> {
  const from = speaker.toldSoFar;
  speaker.obey("subscribe", channel);
  assert.deepEqual(await speaker.next("subscribed", "unsubscribed"), ["subscribed", channel, "new"]);
  const text = 'é😀 "in quotes"';
  speaker.obey("publish", channel, JSON.stringify({ n: 1, text }));
  await speaker.next("published", "error");
  await lobbyOf(tide).publish({ n: 2 });
  await untilHeard(speaker, from, 2);
  assert.deepEqual(heard(speaker, from), [
    { offset: "1", data: { n: 1, text } },
    { offset: "2", data: { n: 2 } },
  ]);
}

async function readsHistory({ speaker }: Trial): Promise<void> {
  speaker.obey("history", channel, "2");
  const [word, offset, ...publications] = await speaker.next("history", "error");
  assert.deepEqual([word, offset], ["history", "2"]);
  assert.deepEqual(
    publications.map((each) => (JSON.parse(each) as { readonly n: number }).n),
    [1, 2],
  );
}

async function isPresent({ speaker }: Trial): Promise<void> {
  speaker.obey("presence", channel);
  assert.deepEqual(await speaker.next("presence", "error"), ["presence", "ann"]);
}

async function calls({ speaker }: Trial): Promise<void> {
  speaker.obey("rpc", "double", "21");
  const [word, answer = ""] = await speaker.next("answer", "error");
  assert.equal(word, "answer");
  assert.deepEqual(JSON.parse(answer), { twice: 42 });
  speaker.obey("rpc", "teapot", "null");
  assert.deepEqual(await speaker.next("answer", "error"), ["error", "418"]);
}

/** Cuts the line, and lets it be again when `count` more were published. @returns How it was established again. */
async function missing({ speaker, tide, line }: Trial, count: number): Promise<string> {
  await line.set({ refuse: true });
  line.cut("reset");
  await speaker.next("connecting");
  for (let n = 0; n < count; n += 1) await lobbyOf(tide).publish({ missed: n });
  await line.clear();
  const [, , how = ""] = await speaker.next("subscribed", "unsubscribed");
  return how;
}

async function recovers(trial: Trial): Promise<void> {
  const from = trial.speaker.toldSoFar;
  assert.equal(await missing(trial, 3), "recovered");
  await lobbyOf(trial.tide).publish({ missed: 3 });
  await untilHeard(trial.speaker, from, 4);
  assert.deepEqual(
    heard(trial.speaker, from),
    [0, 1, 2, 3].map((missed) => ({ offset: String(missed + 3), data: { missed } })),
  );
}

async function losesSome(trial: Trial): Promise<void> {
  const from = trial.speaker.toldSoFar;
  assert.equal(await missing(trial, historySize + 1), "lost");
  await lobbyOf(trial.tide).publish({ after: true });
  await trial.speaker.next("publication");
  assert.deepEqual(heard(trial.speaker, from).at(-1)?.data, { after: true });
}

interface Heard {
  readonly offset: string;
  readonly data: unknown;
}

function heard(speaker: Speaker, from: number): readonly Heard[] {
  return speaker
    .since(from, "publication")
    .map(([, , offset = "", data = ""]) => ({ offset, data: JSON.parse(data) as unknown }));
}

async function untilHeard(speaker: Speaker, from: number, count: number): Promise<void> {
  while (heard(speaker, from).length < count) await speaker.next("publication");
}
