// Harbor as it is developed: Vite serves the page from its sources, and React mounts everything twice.
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { comeIn, withHarbor } from "./harbor.ts";

const place = withHarbor({ isDev: true });

/** Where sockets of ours were opened, without Vite's own. */
function socketsOf(page: Page): readonly string[] {
  const paths: string[] = [];
  page.on("websocket", (socket) => {
    const { pathname } = new URL(socket.url());
    if (!pathname.startsWith("/@")) paths.push(pathname);
  });
  return paths;
}

test("one connection is opened and one line, and neither side tells of a loss that there was not", async () => {
  const page = await place.window();
  await comeIn(page, "Ada");
  // From here on: the entrance has a connection of its own, for somebody without a name.
  const sockets = socketsOf(page);
  await page.goto("/lab");
  await page.getByTestId("verdict").and(page.locator('[data-verdict="good"]')).waitFor();
  expect(sockets.toSorted()).toEqual(["/connection/websocket", "/lab/line"]);
  const told = (await page.getByRole("region", { name: "Timeline" }).locator("tbody td").allInnerTexts()).join("\n");
  expect(told).toContain("Asks for a connection");
  expect(told.match(/Asks for a connection/g)).toHaveLength(1);
  expect(told).not.toMatch(/Lost|Gave|Closed/);
  await page.getByRole("button", { name: "Connection: Live" }).click();
  const own = await page.getByRole("dialog").innerText();
  expect(own.match(/Asks for a connection/g)).toHaveLength(1);
  expect(own).not.toMatch(/Lost|Gave|Closed/);
});
