// Methods of the server API that concern every node: done on each of them, and the answers put together.
import { fail } from "@tidewire/protocol";
import { apiMethods } from "./methods.ts";
import type { ApiNode } from "./node.ts";
import type { JsonText, Parameters } from "./parameters.ts";

type Join = (answers: readonly JsonText[]) => JsonText;

/** Where all have done it, there is no more to say. */
const done: Join = () => "{}";

/** Each node has some of a list. */
const lists =
  (name: string): Join =>
  (answers) =>
    JSON.stringify({
      [name]: answers.flatMap(
        (answer) => (JSON.parse(answer) as Readonly<Record<string, readonly object[]>>)[name] ?? [],
      ),
    });

const joins: Readonly<Record<string, Join>> = {
  subscribe: done,
  unsubscribe: done,
  disconnect: done,
  refresh: done,
  webhooks: lists("endpoints"),
  webhooks_dead: lists("deliveries"),
  webhooks_replay: (answers) => {
    const counts = answers.map((answer) => (JSON.parse(answer) as { readonly replayed: number }).replayed);
    return JSON.stringify({ replayed: counts.reduce((sum, count) => sum + count, 0) });
  },
  info: (answers) => {
    const nodes = answers.flatMap((answer) => (JSON.parse(answer) as { readonly nodes: readonly object[] }).nodes);
    return JSON.stringify({ nodes });
  },
  channels: (answers) => {
    const counts = new Map<string, number>();
    for (const answer of answers) {
      const { channels } = JSON.parse(answer) as {
        readonly channels: Readonly<Record<string, { num_clients: number }>>;
      };
      for (const [name, { num_clients: clients }] of Object.entries(channels)) {
        counts.set(name, (counts.get(name) ?? 0) + clients);
      }
    }
    const channels = [...counts].map(([name, clients]) => [name, { num_clients: clients }] as const);
    return JSON.stringify({ channels: Object.fromEntries(channels) });
  },
};

/** Done by this node alone, at the word of another. @throws {TidewireError} */
export async function actHere(node: ApiNode, name: string, parameters: Parameters): Promise<JsonText> {
  const method = Object.hasOwn(joins, name) ? apiMethods[name] : undefined;
  if (method === undefined) return fail("unknown_method", "expected a method that concerns every node");
  return await method.act(node, parameters);
}

/** @throws {TidewireError} this node's, or the first other one's; the others have done it all the same. */
export async function actEverywhere(node: ApiNode, name: string, parameters: Parameters): Promise<JsonText> {
  const method = apiMethods[name];
  if (method === undefined) return fail("unknown_method", `expected one of: ${Object.keys(apiMethods).join(", ")}`);
  const join = Object.hasOwn(joins, name) ? joins[name] : undefined;
  const { others } = node;
  if (join === undefined || others === null) return await method.act(node, parameters);
  const [own, theirs] = await Promise.allSettled([method.act(node, parameters), others(name, parameters)]);
  if (own.status === "rejected") throw own.reason;
  if (theirs.status === "rejected") throw theirs.reason;
  return join([own.value, ...theirs.value]);
}
