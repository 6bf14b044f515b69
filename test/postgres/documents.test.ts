// The program of docs/bridges.md, run as it stands there on a database of its own.
import { execFile } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { blocksOf, root } from "../documents/blocks.ts";
import { PostgresServer } from "../services/postgres.ts";

const nodeOptions = ["--conditions=@tidewire/source", "--disable-warning=ExperimentalWarning"];

test("the outbox of the page publishes what it writes, and ends", { timeout: 60_000 }, async (context) => {
  const server = await PostgresServer.forTest(context);
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "tidewire-bridges-page-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  writeFileSync(path.join(folder, "package.json"), JSON.stringify({ type: "module" }));
  const program = blocksOf("docs/bridges.md").find(({ words }) => words[0] === "outbox.ts");
  writeFileSync(path.join(folder, "outbox.ts"), program?.text ?? "");
  const env = { ...process.env, DATABASE_URL: await server.database() };
  const ran = await promisify(execFile)(process.execPath, [...nodeOptions, "outbox.ts"], { cwd: folder, env });
  expect(ran.stdout).toBe('{"id":7,"state":"paid"}\n');
});
