// Before the tests that look at Harbor in Chromium: the page is what its sources say.
import { chromiumPath } from "../../tools/chromium-launch.ts";
import { ensurePage } from "../../tools/run/page.mjs";

export async function setup(): Promise<void> {
  if (chromiumPath !== undefined) await ensurePage();
}
