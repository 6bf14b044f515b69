// Analytics in Harbor: what is said is counted while one looks, an hour of it is drawn, and counting again agrees.
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { hasArrived, say } from "./chat-window.ts";
import { withHarbor } from "./harbor.ts";
import { expectGoodLooks } from "./use-cases/example.ts";
import { Wire } from "./wire.ts";

const place = withHarbor({ hasWorker: true });
const waited = { timeout: 30_000, interval: 100 };
const minuteMs = 60_000;

/** Without motion each colour is a transition of a hundredth of a millisecond, and they wait for each other, level by level. */
const withMotion = { reducedMotion: "no-preference" } as const;

const whole = (count: number): string => new Intl.NumberFormat("en").format(count);

async function figure(page: Page, name: string): Promise<string> {
  const term = page.getByRole("term").filter({ hasText: new RegExp(`^${name}$`) });
  return await page.locator("dl > div").filter({ has: term }).getByRole("definition").first().innerText();
}

function database(file: string): DatabaseSync {
  return new DatabaseSync(path.join(place.harbor.dataFolder, file), { timeout: 5_000 });
}

/** Fifty minutes of messages of before, in the database alone: the worker finds them by their numbers. */
function fillMinutes(): number {
  const harbor = database("harbor.db");
  const insert = harbor.prepare(
    `INSERT INTO messages (room, seq, id, author_id, author_name, nonce, text, at_ms, published)
     VALUES (?, (SELECT last_seq FROM rooms WHERE id = ?1), ?2, ?3, ?3, ?2, 'hello', ?4, 1)`,
  );
  const move = harbor.prepare("UPDATE rooms SET last_seq = last_seq + 1 WHERE id = ?");
  let count = 0;
  harbor.exec("BEGIN IMMEDIATE");
  for (let ago = 50; ago >= 1; ago -= 1) {
    for (const [room, many] of [
      ["harbour", 6 + (ago % 7) * 3],
      ["workshop", ago % 4 === 0 ? 9 : ago % 3],
    ] as const) {
      for (let index = 0; index < many; index += 1) {
        move.run(room);
        insert.run(room, `old-${count}`, `person-${(ago * index) % 9}`, Date.now() - ago * minuteMs);
        count += 1;
      }
    }
  }
  harbor.exec("COMMIT");
  harbor.close();
  return count;
}

/** What nodes did in the same time, but for ten minutes in which nobody looked. */
function fillNodes(): void {
  const tables = database("analytics.db");
  const insert = tables.prepare("INSERT OR REPLACE INTO node_minutes VALUES (?, '', ?)");
  const nowMs = Date.now();
  for (let ago = 50; ago >= 1; ago -= 1) {
    if (ago > 30 && ago <= 40) continue;
    const accepted = { "0.0005": 100 - (ago % 9) * 5, "0.001": 150, "0.005": 200 - (ago % 5), "+Inf": 200 };
    const reading = { startedS: 1, deliveries: 4_000 + (ago % 11) * 700, accepted };
    insert.run(nowMs - (nowMs % minuteMs) - ago * minuteMs, JSON.stringify(reading));
  }
  tables.close();
}

test("what is said is counted while somebody looks, and counting all of it again agrees", async () => {
  const [ada, looker] = [await place.guest("Ada"), await place.guest("Lou", withMotion)];
  await looker.goto("/analytics");
  await looker.getByText("All 0 messages are counted.").waitFor();
  await expect.poll(() => figure(looker, "Messages"), waited).toBe("0");
  for (const text of ["one", "two", "three"]) {
    await say(ada, text);
    await hasArrived(ada, text);
  }
  await expect.poll(() => figure(looker, "Messages"), waited).toBe("3");
  expect(await figure(looker, "People")).toBe("1");
  await looker.getByText("All 3 messages are counted.").waitFor();

  const old = fillMinutes();
  fillNodes();
  await say(ada, "four");
  await expect.poll(() => figure(looker, "Messages"), waited).toBe(whole(old + 4));
  await expect.poll(() => figure(looker, "People"), waited).toBe("10");
  await looker.getByRole("button", { name: "Count again from the log" }).click();
  await looker.getByText(`Counted ${whole(old + 4)} messages again: the same.`).waitFor();
  await looker.getByRole("img", { name: /^Chart of messages by minute: / }).waitFor();
  await looker.getByRole("img", { name: /^Chart of deliveries by minute: deliveries / }).waitFor();
  await expectGoodLooks(looker, "analytics");

  // What is wrong in the tables is found by counting again.
  const tables = database("analytics.db");
  tables.exec("DELETE FROM room_minutes WHERE room = 'workshop'");
  tables.close();
  await looker.getByRole("button", { name: "Count again from the log" }).click();
  await looker.getByText(/rows were wrong, and are right now\.$/).waitFor();
  await expect.poll(() => figure(looker, "Messages"), waited).toBe(whole(old + 4));
});

test("without a connection the figures stay, and say so", async () => {
  const page = await place.window(withMotion);
  const wire = await Wire.of(page);
  await page.goto("/");
  await page.getByLabel("Your name").fill("Kai");
  await page.getByRole("button", { name: "Enter" }).click();
  await page.getByRole("link", { name: "Analytics" }).click();
  await page.getByText(/messages are counted\.$/).waitFor();
  await page.context().setOffline(true);
  wire.cut();
  await page.getByText("No connection. These are the last figures.").waitFor();
  await expectGoodLooks(page, "analytics-offline");
});
