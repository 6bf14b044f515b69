// The judge in the browser: hand in, watch, reload in the middle, verdict; and who leads, for everybody at once.
import type { Locator, Page } from "playwright-core";
import { expect, test } from "vitest";
import { withHarbor } from "./harbor.ts";

const place = withHarbor({ hasWorker: true });

const right = `function solve(length) {
  console.log("length", length);
  let product = 1;
  let left = length;
  while (left > 4) {
    product = (product * 3) % 1000000007;
    left -= 3;
  }
  return (product * left) % 1000000007;
}`;

const verdict = (page: Page): Locator => page.getByTestId("verdict");
const result = (page: Page): Locator => page.getByRole("region", { name: "Result" });
const tests = (page: Page, words: string): Locator => result(page).getByRole("cell", { name: words });

async function open(page: Page, problem: string): Promise<void> {
  await page.getByRole("link", { name: "Judge" }).click();
  await page.getByRole("navigation", { name: "Problems" }).getByRole("link", { name: problem }).click();
  await page.getByRole("heading", { name: problem }).waitFor();
}

/** As somebody who pastes it: what is typed gets its closing brackets from the editor. */
async function write(page: Page, program: string): Promise<void> {
  await page.getByLabel("Language").selectOption("javascript");
  await page.getByRole("textbox", { name: "Program" }).fill(program);
}

const submit = (page: Page): Promise<void> => page.getByRole("button", { name: "Submit" }).click();

test("hand in, watch, reload in the middle: each test, the log and the verdict are there all the same", async () => {
  const page = await place.guest("Ada");
  await open(page, "Anchor chain");
  // The third test is the first with 1; until then there are two verdicts, and a second of computing.
  await write(page, right.replace("let product", "if (length === 1) for (;;);\n  let product"));
  await submit(page);
  await tests(page, "Passed").nth(1).waitFor();
  await page.reload();
  await tests(page, "Passed").nth(1).waitFor();
  await expect.poll(() => verdict(page).innerText(), { timeout: 60_000 }).toMatch(/^Too slow\s+2 of 7 tests passed/);
  await expect.poll(() => tests(page, "Passed").count()).toBe(2);
  expect(await tests(page, "Not run").count()).toBe(4);
  await result(page).getByRole("region", { name: "Log" }).getByText("length 10").waitFor();
  // What was written is there as well, and what is handed in again is judged anew.
  await expect.poll(() => page.getByRole("textbox", { name: "Program" }).innerText()).toContain("for (;;);");
  await write(page, right);
  await submit(page);
  await expect.poll(() => verdict(page).innerText(), { timeout: 60_000 }).toMatch(/^Accepted\s+7 of 7 tests passed/);
  const past = page.getByRole("region", { name: "Submissions" }).getByRole("link");
  await expect
    .poll(() => past.allInnerTexts())
    .toEqual([expect.stringMatching(/^Accepted/), expect.stringMatching(/^Too slow/)]);
  await past.nth(1).click();
  await expect.poll(() => verdict(page).innerText()).toMatch(/^Too slow/);
  await page.getByRole("img", { name: "solved" }).waitFor();
});

test("two people on the leaderboard: each sees the other come", async () => {
  const [bo, cy] = [await place.guest("Bo"), await place.guest("Cy")];
  await open(bo, "Anchor chain");
  await open(cy, "Anchor chain");
  const leaders = (page: Page): Locator => page.getByRole("region", { name: "Leaderboard" }).getByRole("listitem");
  const line = (name: string): RegExp => new RegExp(`${name}\\s*1 of 6`);
  for (const page of [bo, cy]) {
    await write(page, right);
    await submit(page);
  }
  for (const page of [bo, cy]) {
    for (const name of ["Bo", "Cy"])
      await leaders(page)
        .filter({ hasText: line(name) })
        .waitFor({ timeout: 60_000 });
  }
  expect(await leaders(bo).allInnerTexts()).toEqual(await leaders(cy).allInnerTexts());
});

test("a program that cannot be read is told why, and one that is handed in by the keyboard is judged too", async () => {
  const page = await place.guest("Dee");
  await open(page, "Signal flags");
  await write(page, "function solve(flags) {\n  return flags.;\n}");
  await page.getByRole("textbox", { name: "Program" }).press("Control+Enter");
  await expect.poll(() => verdict(page).innerText(), { timeout: 60_000 }).toMatch(/^Cannot be read/);
  await result(page)
    .getByText(/^line 2: /)
    .waitFor();
  // Escape, then Tab: the editor keeps nobody in.
  await page.getByRole("textbox", { name: "Program" }).press("Escape");
  await page.keyboard.press("Tab");
  expect(await page.getByLabel("Language").evaluate((element) => element === document.activeElement)).toBe(true);
});
