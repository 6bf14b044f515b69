// Frame times of Harbor's Market in Chromium at 2,000 quotes a second, a minute for each rate.
// Run: TIDEWIRE_CHROMIUM=/usr/bin/chromium node --conditions=@tidewire/source bench/market-frames.ts [seconds]
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { loadavg, platform } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { fromSource, root, type ServerProcess, startServer, withParent } from "../test/browser/server-process.ts";
import { chromiumLaunch, chromiumPath } from "../tools/chromium-launch.ts";
import { ensurePage } from "../tools/run/page.mjs";
import { commit, machine } from "./machine.ts";
import { machineTime, tableOf } from "tidewire/bench";

const ratesShown = ["5 times a second", "60 times a second"] as const;
/** A frame that took longer missed the one after it, on a screen of 60 a second. */
const longFrameMs = 25;
const settleMs = 3_000;
const ticksPerSecond = 100;

interface Measured {
  readonly rate: string;
  readonly frames: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly longFrames: number;
  /** Of one core: the page's main thread, its scripts and its layout; the server's process, where the system says. */
  readonly page: { readonly busy: number; readonly script: number; readonly layout: number };
  readonly server: number | null;
  /** Of the whole machine, everything that ran on it. */
  readonly machineBusy: number;
  readonly load: readonly number[];
  /** As the page showed them at the end. */
  readonly figures: readonly string[];
}

async function openMarket(browser: Browser, url: string): Promise<Page> {
  const context = await browser.newContext({ baseURL: url, viewport: { width: 1_440, height: 900 } });
  const page = await context.newPage();
  await page.goto("/");
  await page.getByLabel("Your name").fill("Bench");
  await page.getByRole("button", { name: "Enter" }).click();
  await page.getByRole("link", { name: "Market" }).click();
  await page.getByText("200 symbols, each with its newest quote").waitFor();
  return page;
}

async function choose(page: Page, words: string): Promise<void> {
  const slider = page.getByLabel("New quotes");
  await slider.focus();
  await page.keyboard.press("Home");
  while ((await slider.getAttribute("aria-valuetext")) !== words) await page.keyboard.press("ArrowRight");
  await page.waitForTimeout(settleMs);
}

/** The times between frames, in milliseconds, as the page's own animation frames tell them. */
async function framesOf(page: Page, seconds: number): Promise<readonly number[]> {
  return await page.evaluate(
    (forMs) =>
      new Promise<number[]>((resolve) => {
        const times: number[] = [];
        let began = 0;
        let last = 0;
        const frame = (nowMs: number): void => {
          if (last === 0) began = nowMs;
          else times.push(nowMs - last);
          last = nowMs;
          if (nowMs - began < forMs) requestAnimationFrame(frame);
          else resolve(times);
        };
        requestAnimationFrame(frame);
      }),
    seconds * 1_000,
  );
}

/** Seconds of a processor that a process has had; `null` where the system does not say. */
function cpuSeconds({ processId }: ServerProcess): number | null {
  if (platform() !== "linux") return null;
  const fields = readFileSync(`/proc/${processId}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

async function measure(page: Page, server: ServerProcess, given: { rate: string; seconds: number }): Promise<Measured> {
  await choose(page, given.rate);
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const metrics = async (): Promise<ReadonlyMap<string, number>> =>
    new Map((await session.send("Performance.getMetrics")).metrics.map(({ name, value }) => [name, value]));
  const [metricsBefore, cpuBefore, machineBefore] = [await metrics(), cpuSeconds(server), machineTime()];
  const times = (await framesOf(page, given.seconds)).toSorted((one, other) => one - other);
  const [metricsAfter, cpuAfter, machineAfter] = [await metrics(), cpuSeconds(server), machineTime()];
  const share = (name: string): number =>
    rounded(((metricsAfter.get(name) ?? 0) - (metricsBefore.get(name) ?? 0)) / given.seconds);
  const at = (part: number): number => rounded(times[Math.floor(part * (times.length - 1))] ?? Number.NaN);
  return {
    rate: given.rate,
    frames: times.length,
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
    maxMs: at(1),
    longFrames: times.filter((ms) => ms > longFrameMs).length,
    page: { busy: share("TaskDuration"), script: share("ScriptDuration"), layout: share("LayoutDuration") },
    server: cpuBefore === null || cpuAfter === null ? null : rounded((cpuAfter - cpuBefore) / given.seconds),
    machineBusy: rounded(
      (machineAfter.busyMs - machineBefore.busyMs) / Math.max(1, machineAfter.totalMs - machineBefore.totalMs),
    ),
    load: loadavg().map(rounded),
    figures: await page.locator("dl > div").allInnerTexts(),
  };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

function reportOf(all: readonly Measured[]): string {
  const head = ["rate", "frames", "p50 ms", "p95 ms", "p99 ms", "max ms", "long", "page", "server", "machine"];
  const percent = (share: number | null): string => (share === null ? "–" : `${Math.round(share * 100)} %`);
  const rows = all.map((one) => [
    one.rate,
    ...[one.frames, one.p50Ms, one.p95Ms, one.p99Ms, one.maxMs, one.longFrames].map(String),
    ...[one.page.busy, one.server, one.machineBusy].map(percent),
  ]);
  return tableOf([head, ...rows]);
}

async function run(seconds: number): Promise<void> {
  if (chromiumPath === undefined) throw new Error("expected TIDEWIRE_CHROMIUM to name a Chromium");
  await ensurePage();
  const [here, { id, isChanged }] = [machine(), commit()];
  const server = await startServer({
    args: [fromSource, withParent, join(root, "apps/harbor/server/main.ts")],
    ready: /^ {2}App {2,}http:/,
    env: (port, data) => ({ PORT: String(port), TIDEWIRE_DATA: data, TIDEWIRE_WORKER: "none", NODE_ENV: "" }),
  });
  const browser = await chromium.launch(chromiumLaunch(chromiumPath));
  try {
    const page = await openMarket(browser, server.url);
    const measured: Measured[] = [];
    for (const rate of ratesShown) measured.push(await measure(page, server, { rate, seconds }));
    process.stdout.write(`${reportOf(measured)}\n`);
    const date = new Date().toISOString().slice(0, 10);
    const name = `market-frames-${date}-${id}.json`;
    const result = { date, machine: here, commit: id, hasChanges: isChanged, options: { seconds }, measured };
    mkdirSync(join(import.meta.dirname, "results"), { recursive: true });
    writeFileSync(join(import.meta.dirname, "results", name), `${JSON.stringify(result, null, 2)}\n`);
    process.stdout.write(`bench/results/${name}\n`);
  } finally {
    await browser.close();
    await server.stop();
  }
}

await run(Number(process.argv[2] ?? 60));
