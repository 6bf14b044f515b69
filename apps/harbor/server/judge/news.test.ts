// News of the judge: after each change what is true, and never without end.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeEach, expect, it, onTestFinished } from "vitest";
import type { News } from "../../contract/judge.ts";
import { addGuest } from "../data/guests.ts";
import { openDatabase } from "../data/open-database.ts";
import type { Database } from "../data/schema.ts";
import { keepSubmission } from "../data/submissions.ts";
import { createJudgeNews } from "./news.ts";

let db: Database;
beforeEach(async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "harbor-judge-"));
  db = await openDatabase(path.join(folder, "harbor.db"));
  onTestFinished(async () => {
    await db.destroy();
    rmSync(folder, { recursive: true });
  });
});

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Somebody hands something in. */
async function handIn(name: string): Promise<number> {
  const guest = (await addGuest(db, name)).id;
  const program = { problem: "anchor-chain", language: "javascript", source: "1" } as const;
  return (await keepSubmission(db, { ...program, guest, nonce: `nonce-of-${name}`, job: `job-of-${name}` })).id;
}

it("each change is told, also one after the last was told", async () => {
  const told: News[] = [];
  const news = createJudgeNews({ db, log: silent, publish: (each) => Promise.resolve(told.push(each)) });
  news.changed("line");
  await news.idle();
  const id = await handIn("Ada");
  news.changed("line");
  await news.idle();
  expect(told).toEqual([
    { kind: "line", waiting: [], behind: 0 },
    { kind: "line", waiting: [id], behind: 0 },
  ]);
});

it("what changes while it is told is told again, five times, and then left to those who changed it", async () => {
  const told: News[] = [];
  const news = createJudgeNews({
    db,
    log: silent,
    publish: async (each) => {
      told.push(each);
      // Without an end there would be no end of guests either.
      if (told.length < 10) await handIn(`Guest ${told.length}`);
    },
  });
  news.changed("line");
  await news.idle();
  expect(told.map((each) => each.kind === "line" && each.waiting.length)).toEqual([0, 1, 2, 3, 4]);
});

it("news that nobody takes are told with the next change", async () => {
  const told: News[] = [];
  let isAway = true;
  const news = createJudgeNews({
    db,
    log: silent,
    publish: (each) => (isAway ? Promise.reject(new Error("away")) : Promise.resolve(told.push(each))),
  });
  news.changed("leaders");
  await news.idle();
  isAway = false;
  news.changed("leaders");
  await news.idle();
  expect(told).toEqual([{ kind: "leaders", leaders: [] }]);
});

it("is told by one at a time, and what changes meanwhile is told once more after it", async () => {
  const first = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  let [told, atOnce, mostAtOnce] = [0, 0, 0];
  const news = createJudgeNews({
    db,
    log: silent,
    publish: async () => {
      told += 1;
      atOnce += 1;
      mostAtOnce = Math.max(mostAtOnce, atOnce);
      begun.resolve();
      await first.promise;
      atOnce -= 1;
    },
  });
  news.changed("line");
  await begun.promise;
  for (let change = 0; change < 3; change += 1) news.changed("line");
  // Until whatever they began would have been read.
  await handIn("Ada");
  first.resolve();
  await news.idle();
  // What was read before is false by now, so the first telling tells twice.
  expect({ told, mostAtOnce }).toEqual({ told: 3, mostAtOnce: 1 });
});
