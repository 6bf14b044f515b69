// E-mail as a person sees it: somebody who is away is mentioned, and what is written to them is in the mailbox of development.
import path from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { say } from "./chat-window.ts";
import { isConnected, withHarbor } from "./harbor.ts";
import { looks, pictures } from "./looks.ts";

const place = withHarbor({ hasWorker: true });

/** A worker writes after a time away, and has to be started first. */
const patience = { timeout: 60_000 };

/** Looks at the page as it is for those who see it like that, with somebody else's cookie. */
async function look(like: Page, what: string, isThere: (page: Page) => Promise<unknown>): Promise<void> {
  const storageState = await like.context().storageState();
  for (const { name, ...options } of looks) {
    const page = await place.window({ ...options, storageState });
    await page.goto("/mail");
    await isThere(page);
    await isConnected(page);
    await page.evaluate(async () => await document.fonts.ready);
    await page.screenshot({ path: path.join(pictures, `${what} ${name}.png`.replaceAll(" ", "-")) });
    const overhang = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect.soft(overhang, `${what} ${name}: pixels to scroll sideways`).toBe(0);
    const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
    const found = violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id} ${html}`));
    expect.soft(found, `${what} ${name}: what keeps people out`).toEqual([]);
  }
}

const mails = (page: Page) => page.getByRole("article", { name: "Ada mentioned you in Workshop" });

test("a mention of somebody who is away is in the mailbox, and comes while one looks at it", async () => {
  const lou = await place.guest("Lou Andreas");
  await lou.context().close();
  const kai = await place.guest("Kai");
  const ada = await place.guest("Ada");
  await ada.getByRole("button", { name: "You: Ada" }).click();
  await ada.getByRole("menuitem", { name: "Mail of development" }).click();
  await ada.getByText("No mail was sent yet.").waitFor();
  await look(ada, "mail empty", (page) => page.getByText("No mail was sent yet.").waitFor());

  const other = await ada.context().newPage();
  await other.goto("/chat/workshop");
  await say(
    other,
    "Good morning @Kai and @lou andreas, slack water is at 10:40.\n\nThe pilot boat leaves at half past.",
  );
  await mails(ada).waitFor(patience);
  expect(await mails(ada).count()).toBe(1);
  await mails(ada).getByText("To Lou Andreas").waitFor();
  await mails(ada).getByText("slack water is at 10:40").waitFor();
  await say(
    other,
    "@Lou Andreas https://example.org/a/very/long/address/that/does/not/break/anywhere?because=it-has-no-spaces",
  );
  await expect.poll(() => mails(ada).count(), patience).toBe(2);
  await look(ada, "mail", (page) => mails(page).first().waitFor());
  await mails(ada).first().getByRole("link", { name: "Open the room" }).click();
  await ada.waitForURL("**/chat/workshop");
  // Who is here, and who saw it, gets no mail.
  await kai.goto("/mail");
  await expect.poll(() => mails(kai).count(), patience).toBe(2);
  await kai.goBack();
});
