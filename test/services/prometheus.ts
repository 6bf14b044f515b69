// Prometheus for tests: the program that the test run found, with the configuration of deploy/ and places of the test's, and its promtool.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import type { TestContext } from "vitest";
import { textOf } from "../documents/blocks.ts";
import { freePort } from "../killable-node.ts";
import { ended, said } from "./program.ts";

/** Where it is, or `undefined` where the tests have to do without. */
const prometheusPath: string | undefined = process.env["TIDEWIRE_PROMETHEUS"];

const withoutPrometheus =
  "no prometheus: TIDEWIRE_PROMETHEUS is not set; TIDEWIRE_REQUIRE=prometheus npm test fetches one";

export interface Checked {
  readonly isWell: boolean;
  readonly output: string;
}

/** A folder with these files for one test; the test is skipped where there is no Prometheus. */
function folderFor(context: TestContext, files: Readonly<Record<string, string>>): string {
  if (prometheusPath === undefined) context.skip(withoutPrometheus);
  const folder = mkdtempSync(path.join(tmpdir(), "tidewire-prometheus-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  context.onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What `promtool` says of a folder with these files and the alerts. */
export async function promtool(
  context: TestContext,
  args: readonly string[],
  files: Readonly<Record<string, string>> = {},
): Promise<Checked> {
  const cwd = folderFor(context, { "alerts.yml": textOf("deploy/alerts.yml"), ...files });
  const program = path.join(path.dirname(prometheusPath ?? ""), "promtool");
  const child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const closed = once(child, "close");
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await closed) as [number | null];
  return { isWell: code === 0, output: `${stdout}${stderr}` };
}

/** One series of an answer, at one time. */
export interface Sampled {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface RunningPrometheus {
  /** @throws what Prometheus has against the query. */
  ask(query: string): Promise<readonly Sampled[]>;
  /** Rules, with what was wrong when each was last looked at; empty where nothing was. */
  rules(): Promise<readonly { readonly name: string; readonly health: string; readonly lastError?: string }[]>;
}

export interface Scrape {
  /** What is written in deploy/prometheus.yml, and what stands for it in the test. */
  readonly places: Readonly<Record<string, string>>;
  readonly apiKey: string;
}

/** Starts it with the configuration of deploy/; it is gone when the test has ended. */
export async function startPrometheus(context: TestContext, { places, apiKey }: Scrape): Promise<RunningPrometheus> {
  const folder = folderFor(context, { "alerts.yml": textOf("deploy/alerts.yml"), key: apiKey });
  const all = Object.entries({ "/etc/tidewire/api-key": path.join(folder, "key"), ...places });
  const config = all.reduce((given, [from, to]) => {
    if (!given.includes(from)) throw new Error(`expected ${from} in deploy/prometheus.yml`);
    return given.replaceAll(from, to);
  }, textOf("deploy/prometheus.yml"));
  writeFileSync(path.join(folder, "prometheus.yml"), config);
  const address = `127.0.0.1:${await freePort()}`;
  const args = ["--config.file=prometheus.yml", "--storage.tsdb.path=data", `--web.listen-address=${address}`];
  const child = spawn(prometheusPath ?? "", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  context.onTestFinished(() => ended(child));
  await said(child, "Server is ready to receive web requests");
  const get = async (what: string): Promise<unknown> => {
    const answer = (await (await fetch(`http://${address}/api/v1/${what}`)).json()) as Answer;
    if (answer.status !== "success") throw new Error(`${what}: ${answer.error ?? answer.status}`);
    return answer.data;
  };
  return {
    async ask(query) {
      const { result } = (await get(`query?query=${encodeURIComponent(query)}`)) as {
        readonly result: readonly Series[];
      };
      return result.map(({ metric, value: [, written] }) => ({ metric, value: Number(written) }));
    },
    async rules() {
      const { groups } = (await get("rules")) as { readonly groups: readonly { readonly rules: readonly Rule[] }[] };
      return groups.flatMap(({ rules }) => rules);
    },
  };
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data: unknown;
}

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

interface Rule {
  readonly name: string;
  readonly health: string;
  readonly lastError?: string;
}
