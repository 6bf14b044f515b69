// What somebody else wrote where the engine reads: it is refused and counted, never believed, and breaks nothing.
import { hash } from "node:crypto";
import { connect } from "@nats-io/transport-node";
import { expect, it, type TestContext } from "vitest";
import { RecordingSink } from "../../packages/server/src/engine/contract/recording-sink.ts";
import { everything, textBody, textsOf } from "../../packages/server/src/engine/contract/trial.ts";
import { natsEngine } from "@tidewire/server/nats";
import { connecting, NatsServer } from "../services/nats.ts";
import { RecordedLog } from "../serving.ts";
import { plenty, say, type StartedEngine } from "./engines.ts";

const name = Buffer.from("news").toString("base64url");

/** An engine, what it says to its operator, and a hand that writes what it likes. */
async function poisonable(
  context: TestContext,
): Promise<StartedEngine & { log: RecordedLog; url: string; write: (subject: string, data: string) => Promise<void> }> {
  const server = await NatsServer.forTest(context);
  const log = new RecordedLog();
  const engine = natsEngine({ connect: connecting(server.url), log });
  const sink = new RecordingSink();
  context.onTestFinished(() => engine.stop());
  await engine.start(sink);
  const hand = await connect({ servers: server.url });
  context.onTestFinished(() => hand.close());
  const write = async (subject: string, data: string): Promise<void> => {
    if (subject.startsWith("tidewire.news.")) {
      hand.publish(subject, data);
      return await hand.flush();
    }
    // JetStream says when it has it.
    await hand.request(subject, data);
  };
  return { engine, sink, log, url: server.url, write };
}

const garbage: readonly string[] = [
  "",
  "\n",
  "hello",
  "k\n",
  "k token 1 0 1000\n",
  "k token 1 0 1000\n1 - 5 id 5 j 0 0\nno json",
  "k token 99999999999999999 0 1000\n1 - 5 id 5 t 0 0\nx",
  "k token 999999 0 1000\n1 - 5 id 5 t 0 0\nfrom the future",
  "k token 1 9 1000\n1 - 5 id 5 t 0 0\na floor above it",
  "k token 1 0 1000\n2 - 5 id 5 t 0 0\nno predecessor",
  "k token 1 0 1000\n1 - 5 id 5 j 0 1\nk1",
  "p token 0 0 0\n0 - 5 id 5 t 0 0\nephemeral",
  "b token 1 0 0\nmore",
];

it("in a log: history ends there, the channel goes on under another epoch, and the operator is told", async (context) => {
  const { engine, log, write } = await poisonable(context);
  const epochs = new Set<string>();
  for (const poison of garbage) {
    const before = await say(engine, "news", "before");
    epochs.add(before.position.epoch);
    await write(`tidewire.log.${name}`, poison);
    const page = await engine.read("news", "oldest", everything);
    expect([page.publications, page.top.offset]).toEqual([[], 0]);
    expect(epochs).not.toContain(page.top.epoch);
    const after = await say(engine, "news", "after");
    expect(after.position).toEqual({ epoch: page.top.epoch, offset: 1 });
    expect(textsOf((await engine.read("news", "newest", everything)).publications)).toEqual(["after"]);
  }
  const told = log.lines.filter(({ message }) => message.startsWith("NATS holds what nobody can have published"));
  expect(told.length).toBeGreaterThan(0);
});

it("a record that names another one before it: history ends below it", async (context) => {
  const { engine, write } = await poisonable(context);
  await say(engine, "news", "1");
  const second = await say(engine, "news", "2");
  const [, token = ""] = second.position.epoch.split(".");
  // As a node would write it, but for the id of the one before.
  await write(`tidewire.log.${name}`, `k ${token} 1 0 3600000\n3 forged ${Date.now()} id3 ${Date.now()} t 0 0\nforged`);
  for (const start of ["oldest", "newest"] as const) {
    const { publications } = await engine.read("news", start, everything);
    expect(textsOf(publications)).toEqual(["forged"]);
  }
});

it("announced: it is told to nobody, and what comes after is", async (context) => {
  const { engine, sink, log, write } = await poisonable(context);
  const { epoch } = await engine.follow("news");
  const [, token = ""] = epoch.split(".");
  for (const poison of garbage) await write(`tidewire.news.${name}`, poison);
  // A place is given by the stream alone.
  await write(`tidewire.news.${name}`, `k ${token} 1 0 3600000\n1 - 5 id 5 t 0 0\nnever stored`);
  await say(engine, "news", "true");
  await sink.until(() => textsOf(sink.of("news")).includes("true"));
  // One of them is what any node may announce: an ephemeral publication, of an epoch that is none.
  expect(sink.announcements.filter((one) => one.epoch === epoch)).toHaveLength(1);
  expect(log.lines.some(({ message }) => message === "NATS announced what nobody can have published")).toBe(true);
});

it("under an idempotency key: it is no answer, and the publish is done once", async (context) => {
  const { engine, write } = await poisonable(context);
  const key = `tidewire.key.${name}.${hash("sha256", "k", "base64url")}`;
  const draft = { kind: "value", body: textBody("once"), retention: plenty, idempotencyKey: "k" } as const;
  for (const poison of ["", "x", "a b 1 before c 5", "digest life.token 7 - id 5", `${"x".repeat(2_000)} e 1 - i 5`]) {
    await write(key, poison);
    const ack = await engine.publish("news", draft);
    expect(ack.position.offset).toBe(1);
  }
  expect((await engine.read("news", "oldest", everything)).publications).toHaveLength(1);
});
