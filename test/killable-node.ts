// A server process on a SQLite file, which a test may kill and start again on the same port; gone when the test has ended.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Limits } from "@tidewire/server";
import { onTestFinished } from "vitest";
import { listen } from "./serving.ts";

export function temporaryFile(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "tidewire-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, "log.db");
}

/** A port that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  await once(server, "close");
  return port;
}

/** Starts a server process; resolves when it listens. */
export async function nodeOn(file: string, port: number, limits: Partial<Limits> = {}): Promise<ChildProcess> {
  const script = fileURLToPath(new URL("sqlite-node.ts", import.meta.url));
  const options = ["--conditions=@tidewire/source", "--disable-warning=ExperimentalWarning"];
  const child = spawn(process.execPath, [...options, script, file, String(port), JSON.stringify(limits)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const failed = once(child, "exit").then(() => Promise.reject(new Error("the server process ended")));
  failed.catch(() => undefined);
  await Promise.race([once(child.stdout, "data"), failed]);
  return child;
}
