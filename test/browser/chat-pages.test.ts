// The torture's windows on Harbor: they say nothing where nothing is wrong, and find what is.
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { ChatPages } from "../../bench/torture/chat-pages.ts";
import { chromiumPath } from "../../tools/chromium-launch.ts";
import { withHarbor } from "./harbor.ts";

const place = withHarbor();

test("windows that show what the database has are well, and a message that it lacks is found", async () => {
  const { url, dataFolder } = place.harbor;
  const pages = await ChatPages.open({ chromium: chromiumPath ?? "", url, dataFolder, patienceMs: 30_000 });
  onTestFinished(() => pages.end());
  await pages.check("nothing");
  const { messages, checks, wrong } = pages.outcome;
  expect([checks, wrong]).toEqual([1, []]);
  expect(messages).toBe(place.kept("harbour").length);
  await pages.finish("the end");
  const atTheEnd = pages.outcome.messages;
  expect(atTheEnd).toBeGreaterThan(messages);
  await pages.finish("long after");
  expect(pages.outcome).toEqual({ messages: atTheEnd, checks: 3, wrong: [] });

  const database = new DatabaseSync(path.join(dataFolder, "harbor.db"));
  database.exec("PRAGMA busy_timeout = 5000; DELETE FROM messages WHERE room = 'harbour' AND seq = 1");
  database.close();
  await pages.check("a lost message");
  expect(pages.outcome.wrong).toEqual([expect.stringMatching(/^a lost message: \d+ lines were written/)]);
});
