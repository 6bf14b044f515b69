// Harbor's judge as its parts run: a server, a worker beside it, a sandbox below that; and what is left when one of them dies.
import path from "node:path";
import type { Client } from "@tidewire/client";
import { jobOf, type JobSnapshot } from "@tidewire/client/job";
import { latestOf } from "@tidewire/client/latest";
import { expect, onTestFinished, test } from "vitest";
import {
  judgeNews,
  judgeRun,
  type Language,
  listSubmissions,
  type News,
  readSubmission,
  type Submission,
  submitProgram,
} from "../apps/harbor/contract/judge.ts";
import { guestAt } from "../apps/harbor/server/testing/guest.ts";
import { fromSource, root, type ServerProcess, startServer, withParent } from "./browser/server-process.ts";
import { childrenRunning } from "./child-processes.ts";

/** A lease of fifteen seconds is in it. */
const timeout = 120_000;
const waited = { timeout: 60_000, interval: 50 };
const right =
  "function solve(length) { let product = 1; while (length > 4) { product = (product * 3) % 1000000007; length -= 3; } return (product * length) % 1000000007; }";
/** One step of the interpreter, which ends only when it is killed. */
const stuck = "function solve() { return new Array(2 ** 32 - 1).join('ab'); }";

async function harbor(env: NodeJS.ProcessEnv = {}): Promise<ServerProcess> {
  const started = await startServer({
    args: [fromSource, withParent, path.join(root, "apps/harbor/server/main.ts")],
    ready: /^ {2}App {2,}http:/,
    env: (port, data) => ({ PORT: String(port), HOST: "127.0.0.1", TIDEWIRE_DATA: data, NODE_ENV: "", ...env }),
  });
  onTestFinished(() => started.stop());
  return started;
}

async function comeIn({ port }: ServerProcess, name: string): Promise<Client> {
  const client = (await guestAt(port, name)).connect();
  onTestFinished(() => client.close());
  return client;
}

let nonces = 0;
async function handIn(client: Client, source: string, language: Language = "javascript"): Promise<Submission> {
  nonces += 1;
  return await client.call(submitProgram, { problem: "anchor-chain", language, source, nonce: `nonce-of-${nonces}` });
}

type Shape = NonNullable<(typeof judgeRun)["~shape"]>;

/** Watches a submission's job as the page does. */
function watch(client: Client, { job }: Submission): () => JobSnapshot<Shape> {
  const store = jobOf(client, judgeRun, job);
  onTestFinished(store.subscribe(() => undefined));
  return () => store.getSnapshot();
}

function newsFor(client: Client): (kind: News["kind"]) => News | undefined {
  const table = latestOf(client.channel(judgeNews));
  onTestFinished(table.subscribe(() => undefined));
  return (kind) => table.getSnapshot().table.get(kind)?.data;
}

function isRunning(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch {
    return false;
  }
}

test("a program is judged by the worker, told on the way, kept, and counted for its author", { timeout }, async () => {
  const server = await harbor();
  const [ada, bo] = [await comeIn(server, "Ada"), await comeIn(server, "Bo")];
  const news = newsFor(bo);
  const submission = await handIn(ada, `console.log("begun"); ${right}`);
  const job = watch(ada, submission);
  await expect.poll(() => job().state, waited).toBe("done");
  expect(job().output).toMatchObject({ verdict: "accepted", passed: 7, tests: 7 });
  expect(
    job()
      .progress.flat()
      .filter(({ kind }) => kind === "tested"),
  ).toHaveLength(7);

  const kept = await ada.call(readSubmission, { id: submission.id });
  expect(kept).toMatchObject({ judged: job().output, log: "begun\n".repeat(7) });
  expect(kept.rows.map(({ verdict }) => verdict)).toEqual(Array.from({ length: 7 }, () => "passed"));
  await expect.poll(() => news("leaders"), waited).toMatchObject({ leaders: [{ name: "Ada", solved: 1 }] });
  await expect.poll(() => news("line"), waited).toEqual({ kind: "line", waiting: [], behind: 0 });

  // It is nobody else's business.
  await expect(bo.call(readSubmission, { id: submission.id })).rejects.toMatchObject({ reason: "bad_request" });
  expect((await bo.call(listSubmissions, {})).submissions).toEqual([]);
  const seen = watch(bo, submission);
  await expect.poll(() => seen().status.kind, waited).toBe("refused");
});

test(
  "programs wait in a line that everybody sees, three of each person at most, until there is a worker",
  { timeout },
  async () => {
    const server = await harbor({ TIDEWIRE_WORKER: "none" });
    const [ada, bo] = [await comeIn(server, "Ada"), await comeIn(server, "Bo")];
    const news = newsFor(bo);
    const handedIn = [
      await handIn(ada, right),
      await handIn(bo, right),
      await handIn(ada, stuck),
      await handIn(ada, right),
    ];
    const ids = handedIn.map(({ id }) => id);
    await expect.poll(() => news("line"), waited).toEqual({ kind: "line", waiting: ids, behind: 0 });
    await expect(handIn(ada, right)).rejects.toMatchObject({ reason: "limit_exceeded" });
    await server.restart();
    await expect.poll(() => news("line"), waited).toEqual({ kind: "line", waiting: ids, behind: 0 });

    const worker = await startServer({
      args: [fromSource, withParent, path.join(root, "apps/harbor/worker/main.ts")],
      ready: /^ {2}Harbor's worker, ready/,
      env: () => ({ PORT: String(server.port), HOST: "127.0.0.1", TIDEWIRE_DATA: server.dataFolder, NODE_ENV: "" }),
    });
    onTestFinished(() => worker.stop());
    const verdicts = async (): Promise<unknown> =>
      (await ada.call(listSubmissions, {})).submissions.map(({ judged }) => judged?.verdict);
    await expect.poll(verdicts, waited).toEqual(["accepted", "time", "accepted"]);
    await expect.poll(() => news("line"), waited).toEqual({ kind: "line", waiting: [], behind: 0 });
  },
);

test(
  "killed with a program in the sandbox, the worker leaves no process, and another one judges it",
  { timeout: 2 * timeout },
  async () => {
    const server = await harbor();
    const ada = await comeIn(server, "Ada");
    const submission = await handIn(ada, `${stuck.replace("return", "console.log('here'); return")}`);
    const job = watch(ada, submission);
    await expect.poll(() => job().progress.flat().at(-1)?.kind, waited).toBe("said");
    const [worker] = childrenRunning(server.processId, path.join("harbor", "worker", "main.ts"));
    const [sandbox] = childrenRunning(worker ?? expect.unreachable(), "sandbox");
    process.kill(worker ?? 0, "SIGKILL");
    await expect.poll(() => job().state, waited).toBe("done");
    expect(job()).toMatchObject({ attempt: 2, output: { verdict: "time" } });
    // With its worker; where the system cannot do that, when it has used what all of its tests might.
    await expect.poll(() => isRunning(sandbox ?? expect.unreachable()), { ...waited, timeout }).toBe(false);
  },
);
