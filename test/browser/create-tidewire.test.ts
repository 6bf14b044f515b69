// Projects of `npm create tidewire`, started by their own commands and used in two windows of Chromium.
import { afterAll, beforeAll, test } from "vitest";
import { chromiumPath } from "../../tools/chromium-launch.ts";
import { createdProject } from "../created-project.ts";
import { PackedPackages } from "../packed-packages.ts";
import { chatBetween, openWindow } from "./example-windows.ts";
import { withChromium } from "./harbor.ts";
import { runScript, startProject } from "./started-example.ts";

const chrome = withChromium();
let packed: PackedPackages;

beforeAll(async () => {
  if (chromiumPath !== undefined) packed = await PackedPackages.make();
}, 120_000);
afterAll(() => {
  if (chromiumPath !== undefined) packed.remove();
});

test.each([
  ["node", "start"],
  ["express", "start"],
  ["react", "start"],
  ["react", "dev"],
])("%s: two windows chat after npm run %s", async (template, script) => {
  const { folder } = await createdProject(packed, template);
  if (template === "react" && script === "start") await runScript(folder, "build");
  const url = await startProject(folder, { PORT: "0" }, script);
  const windows = [await openWindow(chrome.browser, url), await openWindow(chrome.browser, url)] as const;
  if (template === "react") await Promise.all(windows.map((page) => page.getByText("live, 2 here").waitFor()));
  await chatBetween(windows);
});
