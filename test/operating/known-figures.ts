// Everything that a node tells, read from the page of a real one: which figures there are, with which labels and values.
import { createJobs, createWorker, jobDesk } from "@tidewire/jobs";
import { embeddedStore } from "@tidewire/jobs/embedded";
import { defineJob } from "@tidewire/protocol";
import { createWebhooks } from "@tidewire/webhooks";
import { expect, onTestFinished, vi } from "vitest";
import { temporaryFile } from "../killable-node.ts";
import { ask } from "../requesting.ts";
import { serve, type Served, type ServerOptions } from "../serving.ts";
import { namedIn } from "./promql.ts";

export const apiKey = "0123456789abcdef";
const report = defineJob("report");
const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

/** A node that has everything that has figures. */
export async function fullNode(options: Partial<ServerOptions> = {}): Promise<Served> {
  const store = embeddedStore({ path: temporaryFile() });
  await store.open();
  const jobs = createJobs({ store });
  const worker = createWorker({ jobs });
  worker.handle(report, () => null);
  const endpoints = [{ name: "backend", url: "https://app.example/hooks", secret }];
  const webhooks = createWebhooks({ path: temporaryFile(), endpoints });
  await webhooks.open();
  const desk = jobDesk({ jobs, definitions: [report], workers: [worker] });
  const served = await serve({ jobs: desk, webhooks, apiKey, ...options });
  onTestFinished(async () => {
    await served.stop();
    await webhooks.close();
    await store.close();
  });
  return served;
}

const patience = { timeout: 30_000, interval: 50 };

/** Values by label, by figure. */
export type KnownFigures = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;

const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/;
const pair = /(\w+)="((?:[^"\\]|\\.)*)"/g;

export async function knownFigures({ httpUrl }: Served): Promise<KnownFigures> {
  const page = async (): Promise<string> =>
    String((await ask(`${httpUrl}/metrics`, { headers: { "X-API-Key": apiKey } })).body);
  // Node tells of collecting garbage once there was some.
  await vi.waitFor(async () => {
    Array.from({ length: 200_000 }, () => ({}));
    expect(await page()).toContain("nodejs_gc_duration_seconds_sum");
  }, patience);
  const body = await page();
  const known = new Map<string, Map<string, Set<string>>>([["up", new Map()]]);
  for (const line of body.split("\n")) {
    const [, figure, labels = ""] = sample.exec(line) ?? [];
    if (figure === undefined) continue;
    const values = known.get(figure) ?? new Map<string, Set<string>>();
    known.set(figure, values);
    for (const [, label = "", value = ""] of labels.matchAll(pair)) {
      values.set(label, (values.get(label) ?? new Set()).add(value));
    }
  }
  return known;
}

/** Those of a scrape, and those whose values are an operator's own words. */
const ofScrapes = new Set(["job", "instance", "node"]);
const open = new Set(["endpoint", "name", "le"]);

/** What a query names that no node tells: figures, labels, and values of labels. */
export function unknownIn(query: string, known: KnownFigures): readonly string[] {
  const { selectors, labels } = namedIn(query);
  const here = new Set(selectors.flatMap(({ figure }) => [...(known.get(figure)?.keys() ?? [])]));
  const unknownLabels = labels.filter((label) => !here.has(label) && !ofScrapes.has(label));
  const unknown = selectors.flatMap(({ figure, matchers }) => {
    const has = known.get(figure);
    if (has === undefined) return [figure];
    return matchers.flatMap(({ label, value }) => {
      if (ofScrapes.has(label)) return [];
      const values = has.get(label);
      if (values === undefined) return [`${figure}{${label}}`];
      if (open.has(label)) return [];
      return value.split("|").flatMap((one) => (values.has(one) ? [] : [`${figure}{${label}="${one}"}`]));
    });
  });
  return [...unknown, ...unknownLabels];
}
