// webhooks, webhooks_dead and webhooks_replay: which endpoints are told what happens, and what was given up.
import { fail } from "@tidewire/protocol";
import type { WebhookDesk } from "../../lifecycle/desk.ts";
import type { ApiNode } from "./node.ts";
import { type JsonText, type Parameters, textOf } from "./parameters.ts";

/** Deliveries of one answer. */
export const mostDeliveries = 300;

/** Each node shows its own, and one that sends none has none to show. */
const nothing: Omit<WebhookDesk, "figures"> = {
  endpoints: () => Promise.resolve([]),
  dead: () => Promise.resolve([]),
  replay: () => Promise.resolve(0),
};

export async function webhooks(node: ApiNode): Promise<JsonText> {
  return JSON.stringify({ endpoints: await (node.webhooks ?? nothing).endpoints() });
}

export async function webhooksDead(node: ApiNode, parameters: Parameters): Promise<JsonText> {
  const limit = wholeOf(parameters, "limit", 100);
  const after = wholeOf(parameters, "after", 0);
  const endpoint = textOf(parameters, "endpoint") || null;
  const dead = await (node.webhooks ?? nothing).dead({ endpoint, after, limit: Math.min(limit, mostDeliveries) });
  const deliveries = dead.map(({ body, takenMs, deadMs, ...rest }) => {
    const shown = JSON.stringify({ ...rest, taken_at: takenMs, dead_at: deadMs });
    return `${shown.slice(0, -1)},"payload":${body}}`;
  });
  return `{"deliveries":[${deliveries.join(",")}]}`;
}

export async function webhooksReplay(node: ApiNode, parameters: Parameters): Promise<JsonText> {
  const [endpoint, id] = [textOf(parameters, "endpoint") || null, textOf(parameters, "id") || null];
  return JSON.stringify({ replayed: await (node.webhooks ?? nothing).replay({ endpoint, id }) });
}

function wholeOf(parameters: Parameters, name: string, fallback: number): number {
  const value = parameters[name] ?? fallback;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  return fail("bad_request", `${name}: expected a whole number`);
}
