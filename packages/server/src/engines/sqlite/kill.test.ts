// kill -9 under load: what was acked is there, in order, and no place is given away twice.
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { RecordingSink } from "../../engine/contract/recording-sink.ts";
import { startChild } from "../../testing/child.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { sqliteEngine } from "./sqlite-engine.ts";

const writers = 40;
const channels = ["a", "b", "c", "d", "e"];
const retention = { size: 1_000_000, ttlMs: 3_600_000 };
const everything = { publications: 1_000_000, bytes: Number.MAX_SAFE_INTEGER };

/** Publishes as fast as it is acked, with keys, and prints each ack after it came. */
const code = `
  const [, , url, path] = process.argv;
  const { sqliteEngine } = await import(url);
  const engine = sqliteEngine({ path });
  await engine.start({ announced() {}, suspect() {}, health() {} });
  const retention = ${JSON.stringify(retention)};
  const write = async (channel, writer) => {
    for (let n = 0; ; n += 1) {
      const idempotencyKey = process.pid + "-" + writer + "-" + n;
      const body = { data: Buffer.from(idempotencyKey), form: "text" };
      const { position } = await engine.publish(channel, { kind: "value", body, retention, idempotencyKey });
      console.log([channel, position.epoch, position.offset, idempotencyKey].join(" "));
    }
  };
  for (let n = 0; n < ${writers}; n += 1) write(${JSON.stringify(channels)}[n % ${channels.length}], n);`;

interface Acked {
  readonly channel: string;
  readonly epoch: string;
  readonly offset: number;
  readonly key: string;
}

/** Lets a child write until it has `count` acks, and kills it in the middle of more. */
async function killAfter(path: string, count: number): Promise<Acked[]> {
  const child = startChild(code, [new URL("./sqlite-engine.ts", import.meta.url).href, path]);
  const acked: Acked[] = [];
  for await (const line of child.lines) {
    const [channel = "", epoch = "", offset = "", key] = line.split(" ");
    // The last line may be cut.
    if (key !== undefined) acked.push({ channel, epoch, offset: Number(offset), key });
    if (acked.length === count) child.kill();
  }
  return acked.slice(0, -1);
}

describe("kill -9", () => {
  it("loses nothing that was acked, three times in a row", { timeout: 60_000 }, async () => {
    const path = join(temporaryFolder(), "log.db");
    const acked: Acked[] = [];
    for (const count of [500, 1_777, 3_001]) {
      const round = await killAfter(path, count);
      expect(round.length).toBeGreaterThanOrEqual(count - 1);
      acked.push(...round);
      const engine = sqliteEngine({ path });
      await engine.start(new RecordingSink());
      for (const channel of channels) {
        const { publications, top, floor } = await engine.read(channel, "oldest", everything);
        const texts = publications.map(({ data }) => new TextDecoder().decode(data));
        // Nothing acked is missing or stands elsewhere; nobody else is there but writers that were not told any more.
        const expected = acked.filter((one) => one.channel === channel);
        expect(expected.length).toBeGreaterThan(0);
        expect(expected.filter(({ offset, key }) => texts[offset - 1] !== key)).toEqual([]);
        expect(expected.every(({ epoch }) => epoch === top.epoch)).toBe(true);
        expect(publications.map(({ offset }) => offset)).toEqual(publications.map((_, index) => index + 1));
        expect(publications.slice(1).every((one, index) => one.previous?.id === publications[index]?.id)).toBe(true);
        expect({ floor, top: top.offset }).toEqual({ floor: 0, top: publications.length });
        await expectKeysKnown(engine, expected);
      }
      await engine.stop();
    }
  });
});

/** A client that repeats its last publish after the crash gets the ack it had (P4). */
async function expectKeysKnown(engine: ReturnType<typeof sqliteEngine>, acked: readonly Acked[]): Promise<void> {
  for (const { channel, epoch, offset, key } of acked.slice(-3)) {
    const body = { data: new TextEncoder().encode(key), form: "text" } as const;
    const ack = await engine.publish(channel, { kind: "value", body, retention, idempotencyKey: key });
    expect(ack).toMatchObject({ duplicate: true, position: { epoch, offset } });
  }
}
