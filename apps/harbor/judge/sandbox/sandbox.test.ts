// The sandbox's process where the machine is slow or fails it: a program that was not run has no verdict.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { getPriority } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { sandboxesBelow, sessionOf, standsLast } from "../testing/processes.ts";
import type { Order, Report } from "./order.ts";
import { startSandbox } from "./sandbox-process.ts";
import { runInSandbox } from "./sandbox.ts";

const order: Order = {
  language: "javascript",
  source: "function solve(n) { return 2 * n }",
  inputs: ["[2]"],
  limits: { timeMs: 400, memoryBytes: 67_108_864, outputLength: 65_536 },
};

/** Runs this before the sandbox's own program. */
const after = (code: string): readonly string[] => {
  const main = JSON.stringify(path.join(import.meta.dirname, "main.ts"));
  return ["--input-type=module", "-e", `${code}; await import(${main});`];
};

async function run(main: readonly string[]): Promise<{ readonly end: string; readonly said: readonly Report[] }> {
  const said: Report[] = [];
  const { signal } = new AbortController();
  const end = await runInSandbox({ order, told: (report) => void said.push(report), signal, standing: "low", main });
  return { end, said };
}

test("a start that takes seconds of the processor takes none of the program's", { timeout: 120_000 }, async () => {
  const used = "const used = () => { const { user, system } = process.cpuUsage(); return user + system; }";
  const { end, said } = await run(after(`${used}; while (used() < 2_200_000);`));
  expect([end, said.at(-1)]).toEqual([
    "ended",
    expect.objectContaining({ kind: "ended", ending: { kind: "returned", json: "4" } }),
  ]);
});

test("a process that ends before it is ready has not run the program", async () => {
  await expect(run(after("process.exit(1)"))).rejects.toThrow("before it was ready");
  await expect(run(after("process.stdout.write('no report\\n'); process.exit()"))).rejects.toThrow(
    "before it was ready",
  );
});

test("a process that ends in the middle of a test has crashed", async () => {
  const reports = [{ kind: "ready" }, { kind: "began", test: 0 }].map((each) => `${JSON.stringify(each)}\n`).join("");
  const main = ["--input-type=module", "-e", `process.stdout.write(${JSON.stringify(reports)})`];
  expect((await run(main)).end).toBe("crashed");
});

test("a program that nobody wants any more is ended, before it begins too, and heard no more", async () => {
  const looping = { ...order, source: "function solve() { for (;;); }" };
  const common = { order: looping, standing: "low" } as const;
  expect(await runInSandbox({ ...common, told: () => undefined, signal: AbortSignal.abort() })).toBe("unwanted");
  const unwanted = new AbortController();
  const said: Report[] = [];
  const told = (report: Report): void => {
    said.push(report);
    unwanted.abort();
  };
  // All of it is there to be read when the first of it is.
  const reports = `${JSON.stringify({ kind: "ready" })}\n${`${JSON.stringify({ kind: "began", test: 0 })}\n`.repeat(9)}`;
  const main = [
    "--input-type=module",
    "-e",
    `process.stdout.write(${JSON.stringify(reports)}); process.stdin.resume()`,
  ];
  expect(await runInSandbox({ ...common, told, signal: unwanted.signal, main })).toBe("unwanted");
  expect(said).toEqual([{ kind: "ready" }]);
});

test("a Ctrl-C for those who run it ends no program", { timeout: 120_000 }, async () => {
  const said: Report[] = [];
  const { signal } = new AbortController();
  const looping = { ...order, source: "function solve() { for (;;); }" };
  const told = (report: Report): void => {
    said.push(report);
    if (report.kind === "began") for (const id of sandboxesBelow(process.pid)) process.kill(id, "SIGINT");
  };
  expect(await runInSandbox({ order: looping, told, signal, standing: "low" })).toBe("ended");
  expect(said.at(-1)).toMatchObject({ kind: "ended", ending: { kind: "time" } });
});

const isLinux = process.platform === "linux";

test.runIf(isLinux).each(["last", "low"] as const)(
  "its process stands back behind the rest of its session: %s",
  { timeout: 120_000 },
  async (standing) => {
    const main = ["--input-type=module", "-e", "process.stdin.resume(); console.log('up')"];
    const sandbox = startSandbox({ cpuSeconds: 10, standing, main });
    await once(sandbox.stdout, "data");
    if (standing === "low") expect(getPriority(sandbox.pid)).toBe(Math.min(19, getPriority() + 10));
    expect(standsLast(sandbox.pid ?? 0)).toBe(standing === "last");
    // A priority counts inside of a session alone where the kernel shares processors between sessions first.
    expect(sessionOf(sandbox.pid ?? 0)).toBe(sessionOf(process.pid));
    // Where memory is full, it goes first.
    expect(readFileSync(`/proc/${sandbox.pid}/oom_score_adj`, "latin1").trim()).toBe("1000");
    sandbox.kill("SIGKILL");
    await once(sandbox, "close");
  },
);
