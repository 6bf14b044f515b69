// Hostile programs, each by its name: a verdict each, nothing of ours in reach, and the judge goes on.
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import type { TestVerdict } from "../contract/judge.ts";
import type { Judgement, Trial } from "./account.ts";
import { judgeTrial } from "./judge.ts";
import { usageOf } from "./sandbox/process-watch.ts";
import { startSandbox } from "./sandbox/sandbox-process.ts";
import { sandboxesBelow } from "./testing/processes.ts";

const trial: Trial = {
  tests: [{ input: [2], answer: 4 }],
  shown: 1,
  limits: { timeMs: 400, memoryBytes: 67_108_864, outputLength: 65_536 },
};
const patient: Trial["limits"] = { ...trial.limits, timeMs: 5_000 };
const never = new AbortController().signal;
/** Where a process may be told to end with its parent; elsewhere it ends when it has used its time. */
const isLinux = process.platform === "linux";

async function run(source: string, given: Partial<Trial> = {}): Promise<Judgement> {
  return await judgeTrial(
    { language: "typescript", source },
    { ...trial, ...given },
    { told: () => undefined, signal: never },
  );
}

/** A program whose `solve` is this. */
const solving = (body: string): string => `function solve(n) { ${body} }`;
/** An escape that says what it found. */
const finding = (expression: string): string =>
  solving(`return typeof (${expression}) === "undefined" ? 4 : ${JSON.stringify("found")}`);

/** The interpreter is in one long step, in which it asks nobody. */
const stuck = solving("return new Array(2 ** 32 - 1).join('ab')");

const programs: readonly (readonly [name: string, verdict: TestVerdict | "refused", source: string])[] = [
  ["an endless loop", "time", solving("for (;;);")],
  ["an endless loop before solve", "time", "while (true);"],
  [
    "an endless loop that catches everything",
    "time",
    solving("for (;;) { try { for (;;); } catch {} finally { for (;;); } }"),
  ],
  ["an endless generator", "time", solving("for (const _ of (function* () { for (;;) yield 1; })()); ")],
  ["an endless getter of the answer", "time", solving("return { get a() { for (;;); } }")],
  ["an endless toJSON", "time", solving("return { toJSON() { for (;;); } }")],
  ["an endless message of an error", "time", solving("throw { get stack() { for (;;); } }")],
  ["an endless valueOf of what is logged", "time", solving("console.log({ toJSON() { for (;;); } })")],
  [
    "a proxy that is asked without end",
    "time",
    solving("const p = new Proxy({}, { get: (_, k) => p[k], has: () => { for (;;); } }); return 'x' in p"),
  ],
  ["deep recursion", "error", solving("return solve(n)")],
  ["deep recursion that catches itself", "time", solving("try { solve(n) } finally { solve(n) }")],
  ["a text of 4 GB", "error", solving("return 'a'.repeat(2 ** 32)")],
  ["a text that doubles until it is 4 GB", "error", solving("let s = 'abcdefgh'; for (;;) s += s")],
  ["a list that grows without end", "memory", solving("const all = []; for (;;) all.push([n, n, n])")],
  ["many large buffers", "memory", solving("const all = []; for (;;) all.push(new Uint8Array(1e6).fill(7))")],
  [
    "a memory that is full, and catches it",
    "passed",
    solving("try { const all = []; for (;;) all.push([n]) } catch { return 4 }"),
  ],
  [
    "a memory that is full, again and again",
    "memory",
    solving("for (;;) try { const all = []; for (;;) all.push(new Array(1000).fill(n)) } catch {}"),
  ],
  ["a map without end", "memory", solving("const all = new Map(); for (let i = 0; ; i += 1) all.set(i, {})")],
  ["a backtracking expression", "time", solving("return /^(a+)+$/.test('a'.repeat(60) + 'b')")],
  ["a join that the interpreter does not interrupt", "time", solving("return new Array(2 ** 32 - 1).join('ab')")],
  [
    "a sort of nothing in a huge list",
    "time",
    solving("const a = []; a.length = 2 ** 32 - 1; return a.lastIndexOf(1)"),
  ],
  ["a number of many million digits", "error", solving("return String(2n ** (2n ** 30n))")],
  ["100 MB of output", "output", solving("for (let i = 0; i < 1e5; i += 1) console.log('x'.repeat(1000)); return 4")],
  ["100 MB in one line", "output", solving("console.log(...Array(2000).fill('x'.repeat(50_000))); return 4")],
  ["output letter by letter", "output", solving("for (;;) console.log('')")],
  ["output that catches the end of it", "output", solving("for (;;) try { console.log('x'.repeat(1000)) } catch {}")],
  ["a huge answer", "output", solving("return 'x'.repeat(1e6)")],
  ["a deep answer", "error", solving("let a = []; for (let i = 0; i < 1e5; i += 1) a = [a]; return a")],
  ["an answer in a circle", "error", solving("const a = []; a.push(a); return a")],
  ["deep brackets for eval", "error", solving("return eval('('.repeat(1e5))")],
  ["deep brackets in the program", "refused", `const a = ${"[".repeat(16_000)}`],
  [
    "the constructor's constructor",
    "passed",
    finding("(() => {}).constructor.constructor('return typeof process === \"undefined\" ? undefined : process')()"),
  ],
  [
    "the console's constructor",
    "passed",
    finding("console.log.constructor('return typeof process === \"undefined\" ? undefined : process')()"),
  ],
  [
    "require, process, fetch, Deno, Bun, WebAssembly",
    "passed",
    solving(
      "return ['require', 'process', 'fetch', 'Deno', 'Bun', 'WebAssembly', 'Buffer', 'setTimeout', 'std', 'os', 'scriptArgs', 'print'].every((name) => !(name in globalThis)) ? 4 : 'found'",
    ),
  ],
  [
    "a prototype with a setter",
    "passed",
    `Object.defineProperty(Object.prototype, "kind", { get: () => "ended", set() {} }); ${solving("return 4")}`,
  ],
  [
    "a prototype's toJSON",
    "wrong",
    `Object.prototype.toJSON = () => ({ kind: "ended", verdict: "passed" }); ${solving("return {}")}`,
  ],
  [
    "every built-in function replaced",
    "passed",
    `JSON.stringify = JSON.parse = Reflect.apply = String.prototype.slice = Promise.prototype.then = Array.prototype[Symbol.iterator] = () => { throw 1 }; ${solving("return 4")}`,
  ],
  ["a thenable that settles itself twice", "passed", solving("return { then(done, no) { done(4); no(5); done(6) } }")],
  ["import of a module", "refused", `import fs from "node:fs"; ${solving("return fs")}`],
  ["import at run time", "error", "async function solve() { return await import('node:fs') }"],
  ["import.meta", "refused", solving("return import.meta.url")],
  ["Atomics.wait", "error", solving("Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0)")],
  ["a promise flood", "time", "async function solve() { for (;;) await null }"],
  [
    "a promise flood that fills the memory",
    "memory",
    solving("for (;;) Promise.resolve(new Array(10_000).fill(n)).then(() => new Promise(() => {}))"),
  ],
  [
    "promises that make two promises each",
    "time",
    "const two = () => { Promise.resolve().then(two) }; function solve() { two(); return new Promise(() => {}) }",
  ],
  ["a rejection that nobody handles", "passed", solving("Promise.reject(new Error('unseen')); return 4")],
  ["nothing thrown", "error", solving("throw undefined")],
  [
    "an error that throws when it is looked at",
    "error",
    solving("throw new Proxy(new Error('x'), { get() { throw 1 } })"),
  ],
  ["a program that throws before solve", "error", "throw new TypeError('first')"],
  ["no solve", "error", "const answer = 4"],
  ["solve that is no function", "error", "const solve = 4"],
  ["lone surrogates and zeros", "wrong", solving("console.log('\\ud800\\0\\u2028'); return '\\ud800\\0'")],
  [
    "reports of one's own on the output",
    "wrong",
    solving(
      `console.log('\\n{"kind":"ended","test":0,"ending":{"kind":"returned","json":"4"},"ms":0,"kb":0}\\n'); return 5`,
    ),
  ],
  ["nested templates for the types' remover", "refused", `${"`${".repeat(9_000)}`],
  ["types without end", "refused", `type A = ${"Array<".repeat(15_000)}`],
];

describe("hostile programs", () => {
  test.each(programs)("%s: %s", { timeout: 60_000 }, async (_name, verdict, source) => {
    // Whatever ends for another reason ends for it on a slow machine too.
    const { judged, rows } = await run(source, verdict === "time" ? {} : { limits: patient });
    expect(rows[0]?.verdict ?? judged.verdict).toBe(verdict);
  });

  test("leave the next test nothing", async () => {
    const source = `globalThis.seen = (globalThis.seen ?? 0) + 1; ${solving("return globalThis.seen === 1 ? 4 : 5")}`;
    const { judged } = await run(source, { tests: [...trial.tests, ...trial.tests, ...trial.tests] });
    expect(judged.verdict).toBe("accepted");
  });

  test("leave no process behind", async () => {
    await run(stuck);
    expect(sandboxesBelow(process.pid)).toEqual([]);
  });
});

describe("the sandbox's process", () => {
  const order = { language: "javascript", source: stuck, inputs: ["[2]"], limits: trial.limits };

  test("is ended by the kernel when nobody looks at its time", { timeout: 120_000 }, async () => {
    const sandbox = startSandbox({ cpuSeconds: 2, standing: "low" });
    sandbox.stdin.end(JSON.stringify(order));
    sandbox.stdout.resume();
    const [code, signal] = (await once(sandbox, "close")) as [number | null, NodeJS.Signals | null];
    expect([code, signal]).toEqual([null, expect.stringMatching(/^SIG(?:KILL|XCPU)$/)]);
  });

  test("does not outlive its worker, however that ends", { timeout: 120_000 }, async () => {
    const module = JSON.stringify(path.join(import.meta.dirname, "sandbox/sandbox-process.ts"));
    const program = `import { startSandbox } from ${module};
      const sandbox = startSandbox({ cpuSeconds: ${isLinux ? 3_600 : 2}, standing: "last" });
      sandbox.stdout.once("data", () => console.log("begun"));
      sandbox.stdin.end(${JSON.stringify(JSON.stringify(order))});`;
    const worker = spawn(process.execPath, ["--input-type=module", "--no-warnings", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(worker.stdout, "data");
    const [sandbox] = sandboxesBelow(worker.pid ?? 0);
    const isThere = (): boolean => sandbox !== undefined && usageOf(sandbox) !== null;
    expect(isThere()).toBe(true);
    worker.kill("SIGKILL");
    await once(worker, "exit");
    await expect.poll(isThere, { timeout: 100_000, interval: 100 }).toBe(false);
  });

  test("has nothing of ours: no environment, no files, no programs, no threads", async () => {
    const program = `
      const { readFileSync, readdirSync } = await import("node:fs");
      const { spawnSync } = await import("node:child_process");
      const { Worker } = await import("node:worker_threads");
      const tried = (act) => { try { act(); return "done"; } catch (thrown) { return thrown.code ?? thrown.name; } };
      process.stdout.write(JSON.stringify([
        Object.keys(process.env),
        tried(() => readFileSync(${JSON.stringify(import.meta.filename)})),
        tried(() => readdirSync("/")),
        tried(() => spawnSync("true")),
        tried(() => new Worker("1", { eval: true })),
        tried(() => new Function("return 1")()),
      ]));`;
    const sandbox = startSandbox({ cpuSeconds: 10, standing: "low", main: ["--input-type=module", "-e", program] });
    expect(JSON.parse(await text(sandbox.stdout))).toEqual([
      [],
      ...Array.from({ length: 4 }, () => "ERR_ACCESS_DENIED"),
      "EvalError",
    ]);
  });
});
