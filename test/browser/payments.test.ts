// Payments: two people pay each other in the page, through reloads, a cut and a crash of everything.
import type { Page } from "playwright-core";
import { test } from "vitest";
import { eventually, expectGoodLooks, tryNow, withExample } from "./use-cases/example.ts";

const example = withExample("payments", "examples/payments/start.ts");

async function openAccount(page: Page, name: string): Promise<void> {
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: "Send" }).click();
  await balanceIs(page, "100.00");
}

async function pay(page: Page, to: string, amount: string): Promise<void> {
  await page.getByRole("combobox", { name: "To" }).selectOption({ label: to });
  await page.getByLabel("Amount").fill(amount);
  await page.getByRole("button", { name: "Pay" }).click();
}

const balanceIs = (page: Page, amount: string) => eventually(() => page.getByLabel("Balance").innerText()).toBe(amount);

/** Without the time of day; newest first. */
async function noticesOf(page: Page): Promise<readonly string[]> {
  const rows = await page.getByRole("region", { name: "Notices" }).getByRole("listitem").allInnerTexts();
  return rows.map((row) => row.replace(/^\d\d:\d\d /, ""));
}

test("two people pay each other, and everything is told and counted once", async () => {
  const [ada, bob] = [await example.window(), await example.window()];
  await openAccount(ada.page, "Ada");
  await openAccount(bob.page, "Bob");
  await pay(ada.page, "Bob", "12.34");
  await balanceIs(ada.page, "87.66");
  await balanceIs(bob.page, "112.34");
  await eventually(() => noticesOf(bob.page)).toEqual(["12.34 from Ada", "100.00 from The mint"]);
  await eventually(() => noticesOf(ada.page)).toEqual(["12.34 to Bob", "100.00 from The mint"]);
  await ada.page.getByText("3 transfers, 212.34 in all").waitFor();

  // More than there is stays where it is.
  await pay(ada.page, "Bob", "1000");
  await ada.page.getByRole("alert").filter({ hasText: "there is not so much there" }).waitFor();
  await balanceIs(ada.page, "87.66");

  // What comes while the line is cut is there afterwards.
  await bob.cut();
  await bob.page.getByText("No connection").waitFor();
  await pay(ada.page, "Bob", "0.66");
  await balanceIs(ada.page, "87.00");
  await bob.mend();
  await balanceIs(bob.page, "113.00");
  await eventually(() => noticesOf(bob.page)).toEqual(["0.66 from Ada", "12.34 from Ada", "100.00 from The mint"]);

  await example.server.crash();
  await Promise.all([ada, bob].map(({ page }) => tryNow(page)));
  await pay(bob.page, "Ada", "13");
  await balanceIs(bob.page, "100.00");
  await balanceIs(ada.page, "100.00");
  await eventually(async () => (await noticesOf(ada.page))[0]).toBe("13.00 from Bob");
  await ada.page.getByText("5 transfers, 226.00 in all").waitFor();
  await expectGoodLooks(ada.page, "payments");
  await ada.page.reload();
  await balanceIs(ada.page, "100.00");
  await eventually(async () => (await noticesOf(ada.page)).length).toBe(4);
});
