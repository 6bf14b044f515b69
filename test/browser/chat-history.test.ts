// Harbor's chat under the history checker, from its database to what two pages show, with the server killed meanwhile.
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { Checker } from "../../simulation/checker/checker.ts";
import type { HistoryRecord, Verdict } from "../../simulation/checker/records.ts";
import { appearancesIn, historyOf, watchMessages } from "./chat-history.ts";
import { connectsAgain, hasArrived, tallPx } from "./chat-window.ts";
import { comeIn, isConnected, servingProcess, withHarbor } from "./harbor.ts";
import { onItsWay, Writer } from "./writer.ts";

const place = withHarbor({ isSupervised: true, isFresh: true });

function judge(history: readonly HistoryRecord[]): Checker {
  const checker = new Checker();
  for (const record of history) checker.read(record);
  return checker;
}

const verdictsOf = (history: readonly HistoryRecord[]): readonly Verdict[] =>
  judge(history).violations.map(({ verdict }) => verdict);

async function watched(name: string): Promise<Page> {
  const page = await place.window({ viewport: { width: 1_280, height: tallPx } });
  await watchMessages(page);
  await comeIn(page, name);
  return page;
}

test("two pages and kill -9: the checker finds nothing wrong, and finds each thing that is made wrong", async () => {
  const [one, other] = [await watched("Ada"), await watched("Bob")];
  const [ada, bob] = [new Writer(one, "Ada"), new Writer(other, "Bob")];
  const hearEachOther = (): Promise<unknown> => Promise.all([hasArrived(one, bob.next), hasArrived(other, ada.next)]);
  for (const writer of [ada, bob]) writer.start();
  await hearEachOther();
  const again = Promise.all([place.harbor.readyAgain(), ...[one, other].map(connectsAgain)]);
  process.kill(servingProcess(place.harbor), "SIGKILL");
  await again;
  await Promise.all([one, other].map(isConnected));
  await hearEachOther();
  const written = [...(await ada.stop()), ...(await bob.stop())];
  for (const page of [one, other]) {
    await onItsWay(page).first().waitFor({ state: "detached" });
    for (const writer of [ada, bob]) await hasArrived(page, (await writer.stop()).at(-1) ?? "");
  }

  const kept = place.kept("harbour");
  const pages = [
    { name: "Ada's page", appearances: await appearancesIn(one) },
    { name: "Bob's page", appearances: await appearancesIn(other) },
  ];
  const history = historyOf(kept, pages);
  const checker = judge(history);
  expect(checker.violations).toEqual([]);
  expect(checker.deliveries).toBe(2 * written.length);
  expect(history.filter(({ kind }) => kind === "invoke")).toHaveLength(written.length);
  expect(history.filter(({ kind }) => kind === "ack")).toHaveLength(written.length);

  // This very history, with one thing made wrong in it, at every place.
  const places = (kind: HistoryRecord["kind"]): number[] =>
    history.flatMap((record, at) => (record.kind === kind ? [at] : []));
  for (const at of places("deliver")) {
    const record = history[at] as Extract<HistoryRecord, { kind: "deliver" }>;
    const isOfLife = (each: HistoryRecord): boolean => each.kind === "deliver" && each.life === record.life;
    const next = history.findIndex((each, index) => index > at && isOfLife(each));
    // A page that did not show one misses it, or is behind at the end.
    expect(verdictsOf(history.toSpliced(at, 1))).toEqual([next < 0 ? "stuck" : "skip"]);
    expect(verdictsOf(history.toSpliced(at, 0, record))).toEqual(["duplicate"]);
    if (next < 0) continue;
    // Where the later one was not even written yet, it is a ghost there, and what it came before is passed over.
    const swapped = history.with(at, history[next] as HistoryRecord).with(next, record);
    const verdicts = verdictsOf(swapped);
    expect(verdicts.includes("reorder") || verdicts.includes("ghost"), verdicts.join()).toBe(true);
  }
  // What the database does not have was lost, though the page was told that it is kept, and is shown by both: which of them
  // is found first is a matter of when each happened.
  for (const missing of kept) {
    const rest = kept.filter((each) => each !== missing);
    expect(verdictsOf(historyOf(rest, pages))).not.toEqual([]);
  }
  for (const at of places("invoke")) expect(verdictsOf(history.toSpliced(at, 1))).toContain("ghost");
});
