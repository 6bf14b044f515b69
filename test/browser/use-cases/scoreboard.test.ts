// The scoreboard: what an operator sets lights up for readers, at their pace, and who was cut off gets the newest.
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { eventually, expectGoodLooks, withExample } from "./example.ts";

const example = withExample("scoreboard");

const bergen = (page: Page) => page.getByRole("row", { name: /Bergen/ });

async function goalsOf(page: Page): Promise<number> {
  return Number(/Bergen\s*(\d+)/.exec(await bergen(page).innerText())?.[1]);
}

/** Waits until the operator sees it too: the next goal counts from there. */
async function goal(operator: Page): Promise<number> {
  const goals = await goalsOf(operator);
  await operator.getByRole("button", { name: "Bergen scored" }).click();
  await eventually(() => goalsOf(operator)).toBe(goals + 1);
  return goals + 1;
}

test("a goal lights up for whoever reads, and after a cut the newest score is there", async () => {
  const reader = await example.window();
  const operator = await example.window(example.key);
  await reader.page.getByRole("row").nth(5).waitFor();
  expect(await reader.page.getByRole("button").count()).toBe(0);

  // From here on the game's score is in the operator's hand.
  const first = await goal(operator.page);
  await bergen(reader.page)
    .locator(".lit", { hasText: String(first) })
    .waitFor();
  await expectGoodLooks(reader.page, "scoreboard");

  await reader.cut();
  await reader.page.getByText("No connection: scores may be old").waitFor();
  expect(await goalsOf(reader.page)).toBe(first);
  await goal(operator.page);
  const last = await goal(operator.page);
  await reader.mend();
  await eventually(() => goalsOf(reader.page)).toBe(last);
  await reader.page.getByText("Live").waitFor();
  await expectGoodLooks(operator.page, "scoreboard-operator");
});

test("a reader's pace is told to the server", async () => {
  const { page } = await example.window();
  const rates: unknown[] = [];
  page.on("websocket", (socket) =>
    socket.on("framesent", ({ payload }) => {
      const rate = /"tide.rate".*"rate":([\d.]+)/.exec(String(payload))?.[1];
      if (rate !== undefined) rates.push(Number(rate));
    }),
  );
  await page.reload();
  await page.getByRole("row").nth(5).waitFor();
  await page.getByLabel("Show changes").selectOption("every ten seconds");
  await eventually(() => rates).toContain(0.1);
});

test("whoever has another key sets nothing", async () => {
  const { page } = await example.window("0".repeat(32));
  await page.getByRole("button", { name: "Bergen scored" }).click();
  await page.getByText(/^Not set: /).waitFor();
});
