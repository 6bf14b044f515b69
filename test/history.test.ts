// Real runs under the history checker: real clients over a proxy that cuts and delays, a real server, a real store.
import { createFaultProxy } from "@tidewire/client/testing";
import { defineChannel } from "@tidewire/protocol";
import { memoryEngine } from "@tidewire/server/memory";
import { sqliteEngine } from "@tidewire/server/sqlite";
import { expect, onTestFinished, test } from "vitest";
import { Checker } from "../simulation/checker/checker.ts";
import type { HistoryRecord } from "../simulation/checker/records.ts";
import { temporaryFile } from "./killable-node.ts";
import { recordedReader, Watch } from "./recorded-reader.ts";
import { serve } from "./serving.ts";

const news = defineChannel("news", { history: { size: 10_000, ttlMs: 3_600_000 } });

const engines = {
  memory: () => memoryEngine(),
  sqlite: () => sqliteEngine({ path: temporaryFile() }),
};

test.each(["memory", "sqlite"] as const)(
  "four clients over eight cuts of every line, on %s",
  { timeout: 60_000 },
  async (engine) => {
    const served = await serve({ channels: [news], engine: engines[engine]() });
    const proxy = await createFaultProxy({ to: { host: "127.0.0.1", port: served.port } });
    onTestFinished(() => proxy.close());
    const history: HistoryRecord[] = [];
    const watch = new Watch();
    const counts = new Map<string, number>();
    const record = (one: HistoryRecord): void => {
      history.push(one);
      counts.set(one.kind, (counts.get(one.kind) ?? 0) + 1);
    };
    const count = (kind: HistoryRecord["kind"]): number => counts.get(kind) ?? 0;
    record({ kind: "channel", channel: news.pattern, mode: "stream", log: "after" });
    const url = `ws://127.0.0.1:${proxy.port}/connection/websocket`;
    const readers = ["ann", "ben", "cleo", "dan"].map(
      (name) => [name, recordedReader(url, name, { channel: news, record, watch })] as const,
    );
    await watch.until(() => readers.every(([, { offset }]) => offset() >= 0));
    await proxy.set({ delayMs: 2, jitterMs: 10, sliceBytes: 50 });
    for (let round = 1; round <= 8; round += 1) {
      for (const [name, { publish }] of readers)
        for (let left = 10; left > 0; left -= 1) publish(`${name}-${round}-${left}`);
      // Some have been handed over, and others are on their way.
      const delivered = count("deliver");
      await watch.until(() => count("deliver") > delivered + 20);
      proxy.cut(round % 2 === 0 ? "reset" : "end");
    }
    const outcomes = (): number => count("ack") + count("reject") + count("indeterminate");
    await watch.until(() => outcomes() === count("invoke"));
    const kept = await served.tide.channel(news).history(10_000);
    const head = kept.at(-1)?.position.offset ?? 0;
    await watch.until(() => readers.every(([, { offset }]) => offset() === head));
    for (const { data, position } of kept) {
      record({ kind: "append", channel: news.pattern, op: String(data), position, previous: position.offset - 1 });
    }
    record({ kind: "settled" });

    const checker = new Checker();
    for (const one of history) checker.read(one);
    expect(checker.violations).toEqual([]);
    expect(count("invoke")).toBe(320);
    expect(checker.deliveries).toBe(4 * kept.length);
    expect(checker.recoveries.recovered).toBeGreaterThanOrEqual(8);
    expect(checker.recoveries.unrecovered).toBe(0);
  },
);
