// Bodies of the server API: each method answers JSON or an error of its own, whatever its parameters are.
import { defineChannel, TidewireError } from "@tidewire/protocol";
import { z } from "zod";
import { createApi } from "../../packages/server/src/http/api.ts";
import type { ApiNode } from "../../packages/server/src/http/api/node.ts";
import { FakeNode } from "../../packages/server/src/testing/fake-node.ts";
import { holds, readOrLater } from "../oracle.ts";
import type { Target } from "../target.ts";

const channels = [
  defineChannel("news", { history: { size: 10, ttlMs: 60_000 }, presence: true }),
  defineChannel("quotes", { mode: "latest", data: z.object({ id: z.string() }), key: ({ id }) => id }),
  defineChannel("signal:{name}", { mode: "signal" }),
];

/** How many inputs one node serves: what they leave behind is part of the game, but not for ever. */
const inputsPerNode = 500;
let [node, inputs]: [Promise<FakeNode> | null, number] = [null, 0];

async function begun(): Promise<FakeNode> {
  const started = await FakeNode.start({ channels, limits: { publicationBytes: 10_000 } });
  const connection = await started.connected();
  connection.say('{"id":2,"subscribe":{"channel":"news","join_leave":true}}');
  await started.settle();
  return started;
}

/** The method's name on the first line, the body behind it. */
export const target: Target = {
  name: "api",
  shape: "json",
  files: ["server/src/http/api.ts", "server/src/http/api/"],
  batch: 64,
  seeds: [
    'publish\n{"channel":"news","data":{"a":1},"tags":{"a":"b"},"idempotency_key":"k"}',
    'broadcast\n{"channels":["news","quotes","signal:a"],"data":{"id":"x"}}',
    'history\n{"channel":"news","limit":-1,"since":{"epoch":"","offset":0},"reverse":true}',
    'batch\n{"commands":[{"publish":{"channel":"news","data":1}},{"info":{}}],"parallel":true}',
    'disconnect\n{"user":"u","whitelist":["a"],"disconnect":{"code":3503}}',
    'subscribe\n{"user":"","client":"x","channel":"signal:b"}',
    'unsubscribe\n{"user":"u","channel":"news"}',
    'presence\n{"channel":"news"}',
    'presence_stats\n{"channel":"news"}',
    'channels\n{"pattern":"n*w*"}',
    'history_remove\n{"channel":"news"}',
    "info\n{}",
  ],
  words: ["news", "quotes", "signal:a", "user", "client", "channel", "channels", "data", "commands", "*"],
  async run(input) {
    const [name = "", ...rest] = Buffer.from(input).toString().split("\n");
    const value = parsed(rest.join("\n"));
    if (inputs % inputsPerNode === 0) node = begun();
    inputs += 1;
    const fake = await node;
    if (value === null || fake === null) return;
    const { hub, sessions, limits, clock } = fake;
    const { methods } = createApi({ id: "node", hub, sessions, limits, clock, others: null } as unknown as ApiNode);
    const act = Object.hasOwn(methods, name) ? methods[name] : undefined;
    const json = act === undefined ? null : await readOrLater(TidewireError, () => act(value));
    await fake.settle();
    if (json === null) return;
    const answer = JSON.parse(json) as unknown;
    holds(typeof answer === "object" && answer !== null, "an answer that is no object");
  },
};

/** As the door of the API reads a body. */
function parsed(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}
