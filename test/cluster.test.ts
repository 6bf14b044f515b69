// `npm run cluster`, as real processes: three Harbor nodes, one database, one Redis, a balancer. People talk while nodes go.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Client } from "@tidewire/client";
import { expect, it, onTestFinished, type TestContext } from "vitest";
import { chat, sendMessage } from "../apps/harbor/contract/chat.ts";
import { mention } from "../apps/harbor/contract/mention.ts";
import { readMails } from "../apps/harbor/server/data/mails.ts";
import { keepMessage } from "../apps/harbor/server/data/messages.ts";
import { openDatabase } from "../apps/harbor/server/data/open-database.ts";
import { openJobs } from "../apps/harbor/server/jobs/job-store.ts";
import { guestAt } from "../apps/harbor/server/testing/guest.ts";
import { Cluster } from "../tools/cluster/cluster.ts";
import { redisPath, withoutRedis } from "./services/redis.ts";

const room = "workshop";
const silence = (): void => undefined;
const quiet = { debug: silence, info: silence, warn: silence, error: silence };

interface Running {
  readonly cluster: Cluster;
  readonly database: string;
  readonly said: string[];
}

async function running(context: TestContext): Promise<Running> {
  if (redisPath === undefined) return context.skip(withoutRedis);
  const dataFolder = mkdtempSync(path.join(tmpdir(), "tidewire-cluster-"));
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const cluster = new Cluster({ redis: redisPath, dataFolder, port: 0, nodes: 3, say });
  onTestFinished(async () => {
    await cluster.stop();
    rmSync(dataFolder, { recursive: true });
  });
  await cluster.start();
  return { cluster, database: path.join(dataFolder, "harbor.db"), said };
}

class Person {
  readonly heard: string[] = [];
  readonly acked: string[] = [];
  gaps = 0;
  unrecovered = 0;
  returns = 0;
  /** Calls that were not answered, or refused. */
  failures = 0;
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
    const channel = client.channel(chat, { room });
    channel.onPublication(({ data }) => void this.heard.push(data.message.id));
    channel.onGap(() => (this.gaps += 1));
    let wasLive = false;
    channel.onState((status) => {
      if (status.kind !== "live") return;
      if (wasLive) this.returns += 1;
      if (wasLive && !status.recovered) this.unrecovered += 1;
      wasLive = true;
    });
    channel.open();
  }

  static async come(port: number, name: string): Promise<Person> {
    const person = new Person((await guestAt(port, name)).connect());
    onTestFinished(() => person.#client.close());
    await expect.poll(() => person.#client.channel(chat, { room }).status.kind, { timeout: 10_000 }).toBe("live");
    return person;
  }

  /** The same nonce until it is kept, as the page's outbox does. */
  async say(text: string, nonce = `nonce-${text}`): Promise<void> {
    for (;;) {
      try {
        const { id } = await this.#client.call(sendMessage, { room, text, nonce });
        this.acked.push(id);
        return;
      } catch {
        // Lost with its node. The next attempt is the same message.
        this.failures += 1;
      }
    }
  }
}

/** Two people talk in turn until `happens` has ended, and each heard the other after it. */
async function talkWhile(people: readonly Person[], happens: () => Promise<void>): Promise<void> {
  let isOver = false;
  const talks = people.map(async (person, who) => {
    for (let n = 0; !isOver; n += 1) {
      await person.say(`${who}-${n}-of-${person.acked.length}`);
      await expect.poll(() => person.heard.includes(person.acked.at(-1) ?? ""), { timeout: 20_000 }).toBe(true);
    }
  });
  await happens();
  isOver = true;
  await Promise.all(talks);
}

/** What the database has, each of them heard it, in this order and once. */
async function expectAllHeard({ database }: Running, people: readonly Person[]): Promise<void> {
  const db = await openDatabase(database);
  const rows = await db.selectFrom("messages").select("id").where("room", "=", room).orderBy("seq").execute();
  await db.destroy();
  const kept = rows.map(({ id }) => id);
  expect(people.flatMap(({ acked }) => acked).filter((id) => !kept.includes(id))).toEqual([]);
  for (const person of people) {
    await expect.poll(() => person.heard.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(kept.length);
    expect(person.heard).toEqual(kept);
    expect([person.gaps, person.unrecovered]).toEqual([0, 0]);
  }
}

it(
  "kill -9 of each node in turn while two people chat: nothing acked is lost, both go on",
  { timeout: 120_000 },
  async (context) => {
    const world = await running(context);
    const people = [await Person.come(world.cluster.port, "ann"), await Person.come(world.cluster.port, "ben")];
    await talkWhile(people, async () => {
      for (const name of ["1", "2", "3"]) {
        const before = people.map(({ heard }) => heard.length);
        world.cluster.kill(name);
        await expect
          .poll(() => world.said.some((line) => line.startsWith(`node ${name} serves`)), { timeout: 30_000 })
          .toBe(true);
        for (const [index, person] of people.entries()) {
          await expect.poll(() => person.heard.length, { timeout: 30_000 }).toBeGreaterThan((before[index] ?? 0) + 2);
        }
      }
    });
    await expectAllHeard(world, people);
    // Each of the nodes was somebody's once.
    expect(people[0]?.returns).toBeGreaterThan(0);
  },
);

it("a rolling restart of all three: nothing is lost, everybody is recovered", { timeout: 120_000 }, async (context) => {
  const world = await running(context);
  const people = [await Person.come(world.cluster.port, "ann"), await Person.come(world.cluster.port, "ben")];
  await talkWhile(people, async () => {
    for (const name of ["1", "2", "3"]) await world.cluster.restart(name);
  });
  await expectAllHeard(world, people);
  expect(people.every(({ returns }) => returns > 0)).toBe(true);
});

it("three nodes write to one database at once: nobody is refused", { timeout: 60_000 }, async (context) => {
  const world = await running(context);
  const people = await Promise.all(world.cluster.nodes.map(({ port, name }) => Person.come(port, name)));
  await Promise.all(
    people.map(async (person, who) => {
      for (let n = 0; n < 50; n += 1) await person.say(`${who}-${n}`);
    }),
  );
  await expectAllHeard(world, people);
  expect(people.map(({ failures }) => failures)).toEqual([0, 0, 0]);
});

it("what a killed node kept and did not publish, another one publishes", { timeout: 60_000 }, async (context) => {
  const world = await running(context);
  const ann = await Person.come(world.cluster.port, "ann");
  const db = await openDatabase(world.database);
  const author = { id: "guest_gone", name: "Gone" };
  const { message } = await keepMessage(db, { room, author, text: "last words", nonce: "nonce-last" });
  await db.destroy();
  await expect.poll(() => ann.heard, { timeout: 10_000 }).toEqual([message.id]);
});

it(
  "the one worker writes to whoever is mentioned and at no node, whichever node they are at",
  { timeout: 120_000 },
  async (context) => {
    const world = await running(context);
    const [ann] = await Promise.all(
      world.cluster.nodes.map(({ port }, index) => Person.come(port, ["ann", "ben", "cal"][index] ?? "")),
    );
    await guestAt(world.cluster.port, "dan");
    await ann?.say("@dan, @ben, @cal: slack water is at 10:40", "nonce-dan");
    await guestAt(world.cluster.port, "eve");
    await ann?.say("@eve, too", "nonce-eve");
    const db = await openDatabase(world.database);
    onTestFinished(() => db.destroy());
    const told = async (): Promise<readonly string[]> =>
      (await readMails(db, undefined)).mails.map(({ to }) => to.name).toSorted();
    await expect.poll(told, { timeout: 60_000 }).toEqual(["dan", "eve"]);
    const jobs = await openJobs({ kept: "embedded", dataFolder: path.dirname(world.database), log: quiet });
    onTestFinished(() => jobs.store.close());
    const outcomes = async (): Promise<readonly string[]> => {
      const done = await jobs.list({ state: "done", after: null, limit: 100 });
      return done.flatMap(({ name, output }) => (name === mention.name ? [output ?? ""] : [])).toSorted();
    };
    const [here, sent] = ["here", "sent"].map((outcome) => JSON.stringify({ outcome }));
    await expect.poll(outcomes, { timeout: 60_000 }).toEqual([here, here, sent, sent]);
  },
);
