// Harbor is restarted again and again while somebody writes and somebody else looks on: nothing is lost, nothing doubled.
import { expect, test } from "vitest";
import { connectsAgain, hasArrived, shownMessages, tallPx } from "./chat-window.ts";
import { comeIn, isConnected, withHarbor } from "./harbor.ts";
import { onItsWay, Writer } from "./writer.ts";

const place = withHarbor();

/** Two in every run; more, such as 20, for whoever has changed how connections end and come back. */
const restarts = Number(process.env["TIDEWIRE_RESTARTS"] ?? 2);

test(
  "restarts while somebody writes: the page is what the database has, each message once and in order",
  async () => {
    const viewport = { width: 1_280, height: tallPx };
    const [writing, looking] = await Promise.all([place.window({ viewport }), place.window({ viewport })]);
    await comeIn(writing, "Ada");
    await comeIn(looking, "Bob");
    // Of a try that failed; what it wrote stays where it is.
    const earlier = place.kept("harbour").map(({ text }) => text);
    const ada = new Writer(writing, `Ada, after ${earlier.length},`);
    let before = earlier.length;
    for (let round = 0; round < restarts; round += 1) {
      ada.start();
      await hasArrived(looking, ada.next);
      const back = Promise.all([writing, looking].map(connectsAgain));
      await place.harbor.restart();
      await back;
      await Promise.all([writing, looking].map(isConnected));
      await hasArrived(looking, ada.next);
      const written = await ada.stop();
      const lines = [...earlier, ...written];
      await onItsWay(writing).first().waitFor({ state: "detached" });
      await hasArrived(looking, written.at(-1) ?? "");

      const kept = place.kept("harbour");
      expect(kept.map(({ text }) => text)).toEqual(lines);
      expect(kept.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index + 1));
      for (const page of [writing, looking]) {
        const shown = await shownMessages(page);
        // The list keeps what is in sight, which reaches back beyond the restart.
        expect(shown.length).toBeGreaterThanOrEqual(Math.min(lines.length, lines.length - before));
        expect(shown).toEqual(lines.slice(-shown.length).map((text) => ({ text, state: "there" })));
      }
      before = lines.length;
    }
    expect(before - earlier.length).toBeGreaterThanOrEqual(2 * restarts);
  },
  60_000 + restarts * 60_000,
);
