// The supervisor's start: what cannot work is said by whoever found it out, and nothing is left running.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

interface Ended {
  readonly code: number;
  readonly said: string;
}

async function start(data: string, flags: readonly string[]): Promise<Ended> {
  const main = fileURLToPath(new URL("../main.ts", import.meta.url));
  const args = ["--conditions=@tidewire/source", main, "start", "--port", "0", "--data", data, ...flags];
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, NODE_ENV: "", NODE_OPTIONS: "" },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let said = "";
  child.stderr.on("data", (text: Buffer) => (said += text.toString()));
  // Its children share what it writes to: when that is closed, they are gone too.
  const [code] = (await once(child, "close")) as [number];
  return { code, said };
}

function dataFolder(): string {
  const data = mkdtempSync(path.join(tmpdir(), "tidewire-"));
  onTestFinished(() => rmSync(data, { recursive: true, force: true }));
  return data;
}

test("a log that cannot be opened ends everything, with the reason", { timeout: 60_000 }, async () => {
  const data = dataFolder();
  writeFileSync(path.join(data, "tidewire.db"), "this is no database, and long enough to be taken for one".repeat(100));
  const { code, said } = await start(data, ["--workers", "2"]);
  expect(code).toBe(1);
  expect(said).toMatch(/not a database/);
  expect(said).toMatch(/the owner of the log did not start/);
});

test("an address that is not this machine's ends everything, with the reason", { timeout: 60_000 }, async () => {
  const { code, said } = await start(dataFolder(), ["--workers", "2", "--engine", "memory", "--host", "127.0.0.300"]);
  expect([code, said.includes("worker 1 did not start")]).toEqual([1, true]);
});

test.each(["-1", "257", "many"])("%s is no number of workers", async (count) => {
  const { code, said } = await start(dataFolder(), ["--workers", count]);
  expect([code, said.trim()]).toEqual([78, expect.stringMatching(/^--workers: expected an integer from 0 to 256/)]);
});
