// How each language's own test runner is installed, started and read.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { capture, ended, start } from "../run/children.mjs";
import { succeed } from "./copy.ts";
import type { Result } from "./outcome.ts";

export interface Runner {
  /** The files that name the server's address. */
  readonly files: string;
  install(folder: string): Promise<void>;
  /** Runs every test but those left out, and says what became of each. */
  run(folder: string, leftOut: readonly string[]): Promise<readonly Result[]>;
}

/** A suite that has not ended by then is stopped; what it has not told by then has failed. */
const patienceMs = 10 * 60_000;

/** Runs a program whose failure says only that tests failed; its output goes to our standard error. */
export async function attempt(
  command: string,
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<void> {
  const child = start(command, args, { ...options, stdio: ["ignore", 2, 2] });
  const timer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
  await ended(child);
  clearTimeout(timer);
}

/** Gives `act` a file to have results written to. */
async function withResults<T>(act: (file: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), "tidewire-conformance-"));
  try {
    return await act(path.join(folder, "results"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface JestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

const jestProgram = "node_modules/jest/bin/jest.js";

export const jest: Runner = {
  files: "src/**/*.test.ts",
  async install(folder) {
    await succeed("npm", ["install", "--legacy-peer-deps", "--ignore-scripts", "--no-audit", "--no-fund"], folder);
  },
  async run(folder, leftOut) {
    const omitted = [...new Set(leftOut.map((name) => `src/${name.slice(0, name.indexOf(": "))}`))];
    const found = await succeed(process.execPath, [jestProgram, "--listTests"], folder);
    const files = found.split("\n").map((file) => path.relative(folder, file).replaceAll(path.sep, "/"));
    const ran: Result[] = [];
    // Each in a process of its own: what a failed test leaves behind would fail tests of the next file.
    for (const file of files.sort()) if (!omitted.includes(file)) ran.push(...(await jestReport(folder, [file])));
    if (omitted.length === 0) return ran;
    // A name that no test has: jest then lists them all as pending.
    const listed = await jestReport(folder, [...omitted, "-t", "^no test has this name$"]);
    return [...ran, ...listed.map(({ name }) => ({ name, outcome: "left out" as const }))];
  },
};

/** Runs these files, whole; a file's name stands before its tests' names. */
async function jestReport(folder: string, files: readonly string[]): Promise<readonly Result[]> {
  const report = await withResults(async (file) => {
    // Tests that failed leave clients behind, which would keep it from ending, and promises that nobody reads.
    const always = ["--runInBand", "--forceExit", "--json", "--outputFile", file];
    const args = ["--unhandled-rejections=warn", jestProgram, ...always, "--runTestsByPath", ...files];
    await attempt(process.execPath, args, { cwd: folder });
    return JSON.parse(readFileSync(file, "utf8")) as JestReport;
  });
  return report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ fullName, status }) => ({
      name: `${path.basename(name)}: ${fullName}`,
      outcome: status === "passed" || status === "failed" ? status : "skipped",
    })),
  );
}

export const unittest: Runner = {
  files: "tests/**/*.py",
  async install(folder) {
    await succeed("python3", ["-m", "venv", ".venv"], folder);
    await succeed(pythonOf(folder), ["-m", "pip", "install", "--quiet", "--editable", "."], folder);
  },
  run: (folder) =>
    withResults(async (file) => {
      const script = path.join(import.meta.dirname, "unittest_results.py");
      const env = { ...process.env, PYTHONPATH: folder };
      await attempt(pythonOf(folder), [script, "tests", file], { cwd: folder, env });
      return newestOf(linesOf(readFileSync(file, "utf8")) as Result[]);
    }),
};

export const pytest: Runner = {
  files: "tests/**/*.py",
  async install(folder) {
    await unittest.install(folder);
    await succeed(
      pythonOf(folder),
      ["-m", "pip", "install", "--quiet", "pytest==8.4.2", "pytest-asyncio==1.2.0"],
      folder,
    );
  },
  run: (folder) =>
    withResults(async (file) => {
      // Without the mode, its asynchronous tests would not be run.
      const args = ["-m", "pytest", "tests", "--asyncio-mode=auto", "--quiet", `--junitxml=${file}`];
      await attempt(pythonOf(folder), args, { cwd: folder });
      return readFileSync(file, "utf8")
        .split("<testcase ")
        .slice(1)
        .map((text) => ({ name: /(?:^|\s)name="([^"]*)"/.exec(text)?.[1] ?? "", outcome: outcomeIn(text) }));
    }),
};

/** What JUnit's XML says of one test, from its `<testcase` on. */
export function outcomeIn(text: string): Result["outcome"] {
  if (/<(?:failure|error)[ >]/.test(text)) return "failed";
  return /<skipped[ />]/.test(text) ? "skipped" : "passed";
}

const pythonOf = (folder: string): string =>
  path.join(folder, ".venv", ...(process.platform === "win32" ? ["Scripts", "python.exe"] : ["bin", "python"]));

interface GoEvent {
  readonly Action: string;
  readonly Test?: string;
}

export const goTest: Runner = {
  files: "*_test.go",
  async install(folder) {
    await succeed("go", ["mod", "download"], folder);
  },
  async run(folder, leftOut) {
    const listed = await succeed("go", ["test", "-list", "."], folder);
    const names = listed.split("\n").filter((line) => line.startsWith("Test"));
    const skip = leftOut.length === 0 ? [] : ["-skip", `^(${leftOut.join("|")})$`];
    const { output } = await capture("go", ["test", "-count=1", "-timeout=10m", "-json", ...skip], { cwd: folder });
    const events = linesOf(output) as GoEvent[];
    const passed = new Set(events.filter(({ Action }) => Action === "pass").map(({ Test }) => Test));
    const skipped = new Set(events.filter(({ Action }) => Action === "skip").map(({ Test }) => Test));
    return names.map((name) => {
      if (leftOut.includes(name)) return { name, outcome: "left out" };
      return { name, outcome: passed.has(name) ? "passed" : skipped.has(name) ? "skipped" : "failed" };
    });
  },
};

/** The lines that are JSON; Go's tools say other things between them. */
const linesOf = (text: string): unknown[] =>
  text
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as unknown);

/** A test is told of when it is found, as failed, and again when it has ended. */
function newestOf(results: readonly Result[]): readonly Result[] {
  return [...new Map(results.map((result) => [result.name, result])).values()];
}
