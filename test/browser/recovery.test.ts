// Harbor when its connection breaks: whatever was written is there once, in order, in every window and on the server.
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { allShown, composer, connectsAgain, hasArrived, say, tallPx } from "./chat-window.ts";
import { comeIn, isConnected, servingProcess, withHarbor } from "./harbor.ts";
import { Wire } from "./wire.ts";
import { mostOnTheirWay, onItsWay, Writer } from "./writer.ts";

const place = withHarbor({ isSupervised: true, isFresh: true });

/** Kills the process that serves, as the system would, and waits until both windows are back. */
async function kill(windows: readonly Page[], wire?: Wire): Promise<void> {
  const again = Promise.all([place.harbor.readyAgain(), ...windows.map(connectsAgain)]);
  process.kill(servingProcess(place.harbor), "SIGKILL");
  if (wire !== undefined) wire.isDeaf = false;
  await again;
  await Promise.all(windows.map(isConnected));
}

/** Resolves when a line is kept and published, and who wrote it cannot know. */
async function isIndeterminate(writer: Writer, wire: Wire, other: Writer): Promise<void> {
  wire.isDeaf = true;
  await onItsWay(writer.page)
    .nth(mostOnTheirWay - 1)
    .waitFor();
  const sending = writer.page.locator('article[data-state="sending"] .message-text');
  await hasArrived(other.page, await sending.innerText());
}

/** Resolves when each window has a line of the other that was not written yet. */
async function hearEachOther(one: Writer, other: Writer): Promise<void> {
  await Promise.all([hasArrived(one.page, other.next), hasArrived(other.page, one.next)]);
}

test("the server is killed twice while two people write: all is there once, in order, everywhere", async () => {
  const names = ["Ada", "Bob"] as const;
  const size = { width: 1_280, height: tallPx };
  const windows = await Promise.all(names.map(() => place.window({ viewport: size })));
  const wire = await Wire.of(windows[0] as Page);
  await Promise.all(names.map((name, index) => comeIn(windows[index] as Page, name)));
  const [ada, bob] = names.map((name, index) => new Writer(windows[index] as Page, name)) as [Writer, Writer];
  for (const writer of [ada, bob]) writer.start();
  await hearEachOther(ada, bob);
  await kill(windows);
  await hearEachOther(ada, bob);
  await isIndeterminate(ada, wire, bob);
  await kill(windows, wire);
  await hearEachOther(ada, bob);
  const written = { Ada: await ada.stop(), Bob: await bob.stop() };
  const count = written.Ada.length + written.Bob.length;
  const shown = await Promise.all(windows.map((page) => allShown(page, count)));

  const kept = place.kept("harbour");
  expect(kept.map(({ seq }) => seq)).toEqual(Array.from({ length: count }, (_, index) => index + 1));
  for (const [author, lines] of Object.entries(written)) {
    expect(kept.filter((each) => each.author === author).map(({ text }) => text)).toEqual(lines);
  }
  const asKept = kept.map(({ text }) => ({ text, state: "there" }));
  for (const messages of shown) expect(messages).toEqual(asKept);
});

test("the socket is cut and the server killed under a burst: all that was written is there, in order, once", async () => {
  const page = await place.window({ viewport: { width: 1_280, height: tallPx } });
  const wire = await Wire.of(page);
  await comeIn(page, "Cleo");
  await page.goto("/chat/workshop");
  await composer(page).waitFor();
  const written: string[] = [];
  const burst = async (): Promise<void> => {
    for (let count = 0; count < 20; count += 1) {
      written.push(`Line ${written.length + 1}`);
      await say(page, written.at(-1) ?? "");
    }
  };
  for (const breaking of [async () => wire.cut(), async () => await kill([])]) {
    await burst();
    const again = connectsAgain(page);
    const broken = breaking();
    await burst();
    await broken;
    await again;
    await isConnected(page);
    await allShown(page, written.length);
  }
  expect(await allShown(page, 80)).toEqual(written.map((text) => ({ text, state: "there" })));
  expect(place.kept("workshop").map(({ text }) => text)).toEqual(written);
});
