// The page of the server API: it fits every window, keeps nobody out, and loads nothing from anywhere.
import { mkdirSync } from "node:fs";
import path from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { expect, onTestFinished, test } from "vitest";
import { serve } from "../serving.ts";
import { withChromium } from "./harbor.ts";
import { root } from "./server-process.ts";

const chrome = withChromium();
const pictures = path.join(root, "test-results/screenshots");

test.each([
  ["wide light", 1_440, "light"],
  ["wide dark", 1_440, "dark"],
  ["phone light", 360, "light"],
  ["phone dark", 360, "dark"],
] as const)("%s", async (name, width, colorScheme) => {
  const { httpUrl } = await serve({ apiKey: "a key of the server API" });
  const context = await chrome.browser.newContext({ viewport: { width, height: 800 }, colorScheme });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const [asked, complaints] = [[] as string[], [] as string[]];
  page.on("request", (request) => asked.push(request.url()));
  page.on("console", (line) => void (line.type() === "error" && complaints.push(line.text())));
  const answer = await page.goto(`${httpUrl}/api/docs`);
  expect(answer?.headers()["content-security-policy"]).toContain("default-src 'none'");
  expect(await page.locator("section").count()).toBe(16);
  const sizes = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  expect(sizes[0]).toBeLessThanOrEqual(sizes[1] ?? 0);
  // The policy lets its own style in, and nothing else.
  expect(await page.locator("main").evaluate((main) => getComputedStyle(main).maxWidth)).not.toBe("none");
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: path.join(pictures, `api docs, ${name}.png`) });
  expect(asked.filter((url) => !url.endsWith("/favicon.ico"))).toEqual([`${httpUrl}/api/docs`]);
  expect(complaints.filter((line) => !/favicon|404/.test(line))).toEqual([]);
});
