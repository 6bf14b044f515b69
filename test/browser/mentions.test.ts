// Mentions in the browser: the menu that "@" opens, by keys, by mouse, on a phone; and how they stand in the messages.
import path from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Locator, Page } from "playwright-core";
import { expect, test } from "vitest";
import { composer, hasArrived, say } from "./chat-window.ts";
import { withHarbor } from "./harbor.ts";
import { looks, pictures } from "./looks.ts";

const place = withHarbor();

const menu = (page: Page): Locator => page.getByRole("listbox", { name: "People" });
const options = (page: Page): Locator => menu(page).getByRole("option");
const marked = (page: Page): Locator => menu(page).getByRole("option", { selected: true });
const text = (page: Page): Promise<string> => composer(page).inputValue();

/** The option that the field says is the active one, as whoever listens to the page hears it. */
async function active(page: Page): Promise<string> {
  const id = (await composer(page).getAttribute("aria-activedescendant")) ?? "";
  return await page.locator(`[id="${id}"]`).innerText();
}

test("by keys: arrows go round, Enter and Tab choose, Escape closes, and Enter sends again", async () => {
  const ada = await place.guest("Ada Lovelace");
  for (const name of ["Bo", "Bob Marsh", "Cy"]) await place.guest(name);
  const field = composer(ada);
  await field.pressSequentially("Hello @");
  await options(ada).nth(2).waitFor();
  // Oneself is not in it.
  expect(await options(ada).allInnerTexts()).toEqual([
    expect.stringContaining("Bo"),
    expect.stringContaining("Bob Marsh"),
    expect.stringContaining("Cy"),
  ]);
  expect(await active(ada)).toContain("Bo");
  await field.press("ArrowDown");
  expect(await active(ada)).toContain("Bob Marsh");
  await field.press("ArrowUp");
  await field.press("ArrowUp");
  expect(await active(ada)).toContain("Cy");
  await field.press("ArrowDown");
  await field.press("ArrowDown");
  await field.press("Enter");
  expect(await text(ada)).toBe("Hello @Bob Marsh ");
  expect(await menu(ada).count()).toBe(0);

  await field.pressSequentially("and @c");
  await options(ada).first().waitFor();
  await field.press("Tab");
  expect(await text(ada)).toBe("Hello @Bob Marsh and @Cy ");
  expect(await field.evaluate((element) => element === document.activeElement)).toBe(true);

  await field.pressSequentially("@b");
  await options(ada).first().waitFor();
  await field.press("Escape");
  expect(await menu(ada).count()).toBe(0);
  // Closed for this "@": more of the name does not open it, and Enter sends what was written.
  await field.pressSequentially("o");
  expect(await menu(ada).count()).toBe(0);
  await field.press("Enter");
  const sent = ada.locator("article[data-state]").last();
  await sent.and(ada.locator('[data-state="there"]')).waitFor();
  expect(await sent.locator("mark").allInnerTexts()).toEqual(["@Bob Marsh", "@Cy", "@bo"]);
  expect(await sent.locator('mark[data-mention="me"]').count()).toBe(0);
});

test("in the middle of a text the name comes where the caret is", async () => {
  const ada = await place.guest("Ada Inner");
  await place.guest("Zoe");
  const field = composer(ada);
  await field.fill("ask about the tide");
  for (let step = 0; step < "about the tide".length; step += 1) await field.press("ArrowLeft");
  await field.pressSequentially("@zo");
  await options(ada).first().waitFor();
  await options(ada).first().click();
  expect(await text(ada)).toBe("ask @Zoe about the tide");
  await field.pressSequentially("(");
  expect(await text(ada)).toBe("ask @Zoe (about the tide");
  // A name that stands there already is left as it is, and the caret where it is put next.
  await field.fill("@Zoe now");
  await field.press("Home");
  for (let step = 0; step < "@Zoe".length; step += 1) await field.press("ArrowRight");
  await options(ada).first().waitFor();
  await field.press("Enter");
  await field.press("End");
  await field.pressSequentially("!!");
  expect(await text(ada)).toBe("@Zoe now!!");
  // An address is no mention.
  await field.fill("zoe@zo");
  await field.press("End");
  expect(await menu(ada).count()).toBe(0);
});

test("whoever is meant sees it stronger; nobody's name is text", async () => {
  const [dee, eli] = [await place.guest("Dee"), await place.guest("Eli")];
  await say(dee, "**@Eli** and @Dee, not @Nobody nor mail@Eli");
  for (const page of [dee, eli]) {
    const said = page.locator("article").filter({ hasText: "not @Nobody" });
    await said.locator("mark").nth(1).waitFor();
    expect(await page.locator("article mark").allInnerTexts()).toEqual(expect.arrayContaining(["@Eli", "@Dee"]));
  }
  expect(await eli.locator('mark[data-mention="me"]').allInnerTexts()).toEqual(["@Eli"]);
  expect(await dee.locator('mark[data-mention="me"]').allInnerTexts()).toEqual(["@Dee"]);
  // Who has gone and wrote here is somebody still.
  await say(eli, "bye");
  await hasArrived(dee, "bye");
  await eli.context().close();
  await dee.getByRole("complementary", { name: "Who is here" }).getByText("Eli").waitFor({ state: "detached" });
  expect(await dee.locator("article mark").allInnerTexts()).toEqual(expect.arrayContaining(["@Eli"]));
  // So is who has gone and never wrote: the server knows.
  const fay = await place.guest("Fay Quiet");
  await fay.context().close();
  await dee.getByRole("complementary", { name: "Who is here" }).getByText("Fay").waitFor({ state: "detached" });
  await say(dee, "@Fay Quiet Nobody");
  await dee
    .locator("article mark")
    .filter({ hasText: /^@Fay Quiet$/ })
    .waitFor();
  await composer(dee).pressSequentially("@eli");
  await expect.poll(() => options(dee).allInnerTexts()).toEqual([expect.stringMatching(/Eli\s*not here/)]);
});

test.each(looks)("$name: it fits, and keeps nobody out", async ({ name, ...options_ }) => {
  const crowd = ["Finn", "Gal", "Hedwig of the very long name in the harbour", "עומר", "🦀 Kai"];
  for (const each of crowd) await place.guest(each);
  const page = await place.guest("Ada", options_);
  const other = await place.guest("Iris");
  await say(other, "Morning @Ada, is @Finn with you? **@Gal** asked");
  await page.locator('mark[data-mention="me"]').last().waitFor();
  await composer(page).fill("Ask @");
  await options(page)
    .nth(name.startsWith("phone") ? 4 : 5)
    .waitFor();
  await composer(page).press("ArrowDown");
  await marked(page).waitFor();
  const box = await menu(page).boundingBox();
  expect(box?.x).toBeGreaterThanOrEqual(0);
  expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(options_.viewport.width);
  expect(box?.y).toBeGreaterThanOrEqual(0);
  await page.evaluate(async () => await document.fonts.ready);
  await page.screenshot({ path: path.join(pictures, `mentions-${name.replaceAll(" ", "-")}.png`) });
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
  expect(violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => ({ id, html })))).toEqual([]);
  // A finger's press leaves the focus in the field.
  await options(page).filter({ hasText: "Kai" }).click();
  expect(await text(page)).toBe("Ask @🦀 Kai ");
});
