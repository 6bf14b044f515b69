// Questions between nodes on one NATS: who hears them, who is waited for, and what is refused.
import { connect } from "@nats-io/transport-node";
import { natsEngine } from "@tidewire/server/nats";
import { describe, expect, it, onTestFinished } from "vitest";
import { asked, askedAll, askingNodes, type EngineOn, nodeAt, pass, poisonedQuestions } from "../asking-nodes.ts";
import { connecting, NatsServer } from "../services/nats.ts";

const everybody = "tidewire.nodes";
const toX = "tidewire.node.x.in";

function onNats(url: string): EngineOn {
  return (options) => natsEngine({ connect: connecting(url), ...options });
}

/** Says what it likes to nodes. */
async function hand(url: string): Promise<(subject: string, data: string | Uint8Array) => Promise<void>> {
  const connection = await connect({ servers: url });
  onTestFinished(() => connection.close());
  return async (subject, data) => {
    connection.publish(subject, data);
    await connection.flush();
  };
}

describe("nats", () => {
  askingNodes(async (context) => {
    const server = await NatsServer.forTest(context);
    return { engineOn: onNats(server.url), kill: () => server.kill(), start: () => server.start() };
  });
});

it("wait for no node that was killed, though nobody has missed it yet", async (context) => {
  const { url } = await NatsServer.forTest(context);
  const [x, say] = [await nodeAt(onNats(url), "x"), await hand(url)];
  await nodeAt(onNats(url), "y");
  // As of a node that spoke, and whose connection has ended.
  await say(everybody, "b killed\n");
  // No clock moves.
  expect(await askedAll(x)).toEqual(["y:hi"]);
  expect(await asked(x, "killed")).toBeNull();
});

it("do not wait for a connection without a node behind it, once it has been silent for five seconds", async (context) => {
  const { url } = await NatsServer.forTest(context);
  const [x] = [await nodeAt(onNats(url), "x"), await nodeAt(onNats(url), "y")];
  const ghost = await connect({ servers: url });
  onTestFinished(() => ghost.close());
  ghost.subscribe("tidewire.node.ghost.>", { callback: () => undefined });
  ghost.publish(everybody, "b ghost\n");
  await ghost.flush();
  let isAnswered = false;
  const asking = askedAll(x).then((answers) => {
    isAnswered = true;
    return answers;
  });
  await pass(x, 4_000);
  expect(isAnswered).toBe(false);
  await pass(x, 1_000);
  expect(await asking).toEqual(["y:hi"]);
  // A beat is looked for in the turn after its second, so five of them may take longer.
  await pass(x, 4_000);
  expect(await askedAll(x)).toEqual([]);
});

it("that no node has asked are refused and counted, and those who ask notice nothing", async (context) => {
  const { url } = await NatsServer.forTest(context);
  const [x, say] = [await nodeAt(onNats(url), "x"), await hand(url)];
  await nodeAt(onNats(url), "y");
  const poison = [
    ...poisonedQuestions,
    "h",
    "h y",
    "h y\nmore",
    "b y 1 0 2\n",
    "e \n",
    "k y\na  b",
    `k y\n${"a ".repeat(50_000)}a`,
    "p y\n",
    "p y 1 2 2\n",
    "p y 1 0 99999\n",
    "p y 1 -1 3\n",
  ];
  // These are no node's either, and look like one's.
  const odd = ["a y\n1", "a w 1\nforged", "a y 999\nlate", "p w 1 1 2\nno beginning", "p w 2 0 2\nno end", "e w\n"];
  for (const message of [...poison, ...odd]) for (const subject of [everybody, toX]) await say(subject, message);
  await say("tidewire.node.x.gone.y", "not NATS' own");
  expect(await askedAll(x)).toEqual(["y:hi"]);
  await pass(x, 10_000);
  await say(toX, "q");
  const refused = 2 * (poison.length + 1) + 1 + 1;
  await expect
    .poll(() => x.log.troubles.map(({ fields }) => fields["times"]), { timeout: 10_000 })
    .toEqual([1, refused]);
});

it("reach everybody though a thousand others are said to be there", async (context) => {
  const { url } = await NatsServer.forTest(context);
  const [x, say] = [await nodeAt(onNats(url), "x"), await hand(url)];
  await nodeAt(onNats(url), "y");
  for (let n = 0; n < 1_100; n += 1) await say(toX, `b forged-${n}\n`);
  expect(await askedAll(x)).toEqual(["y:hi"]);
  expect(x.log.troubles[0]?.message).toBe("NATS carried what no node has said");
});
