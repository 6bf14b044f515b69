// A database of an older version is brought to the present one, and keeps what it has.
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it, onTestFinished } from "vitest";
import { RecordingSink } from "../../engine/contract/recording-sink.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { migrations } from "./schema.ts";
import { sqliteEngine } from "./sqlite-engine.ts";

const hourMs = 3_600_000;

it("version 1, which knew no tables, keeps its logs and takes tables", async () => {
  const path = join(temporaryFolder(), "log.db");
  const old = new DatabaseSync(path);
  old.exec(migrations[0] ?? "");
  old.exec(`PRAGMA application_id = ${0x54494445}; PRAGMA user_version = 1`);
  const nowMs = Date.now();
  old.exec(
    "INSERT INTO channels (name, epoch, reign, log, base, top, top_id, floor, purged, size, ttl_ms, written_ms, due_ms) " +
      `VALUES ('news', 'e', 0, 1, 0, 1, 'id-1', 0, 0, 10, ${hourMs}, ${nowMs}, ${nowMs + hourMs})`,
  );
  old.exec("INSERT INTO facts (name, value) VALUES ('next_log', 2)");
  old.exec(
    "INSERT INTO log (place, id, at_ms, kept_ms, form, meta, data) " +
      `VALUES ((1 << 32) | 1, 'id-1', ${nowMs}, ${nowMs}, 1, NULL, x'61')`,
  );
  old.close();
  const engine = sqliteEngine({ path });
  onTestFinished(() => engine.stop());
  await engine.start(new RecordingSink());
  const limit = { publications: 10, bytes: 1_000 };
  const news = await engine.read("news", "oldest", limit);
  expect(news).toMatchObject({ publications: [{ id: "id-1", offset: 1 }], top: { epoch: "e", offset: 1 }, floor: 0 });
  expect(news.publications[0]?.key).toBeUndefined();
  const retention = { kind: "table", keys: 5, bytes: 100, ttlMs: hourMs } as const;
  const body = { data: new Uint8Array([0x31]), form: "json", key: "a" } as const;
  await engine.publish("market", { kind: "value", body, retention });
  expect((await engine.read("market", "oldest", limit)).publications).toMatchObject([{ key: "a", offset: 1 }]);
});
