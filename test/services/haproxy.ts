// HAProxy for tests: the program that the test run found, with a configuration of the documents and ports of the test's.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "vitest";
import { textOf } from "../documents/blocks.ts";

/** Where it is, or `undefined` where the tests have to do without. */
const haproxyPath: string | undefined = process.env["TIDEWIRE_HAPROXY"];
const withoutHaproxy = "no haproxy: TIDEWIRE_HAPROXY is not set; TIDEWIRE_REQUIRE=haproxy npm test fetches one";

/** What is written in a configuration, and what stands for it in the test. */
export type Places = Readonly<Record<string, string>>;

/** Starts it, and has it gone when the test has ended; the test is skipped where there is none. */
export async function startHaproxy(context: TestContext, file: string, places: Places): Promise<void> {
  if (haproxyPath === undefined) return context.skip(withoutHaproxy);
  const folder = mkdtempSync(path.join(tmpdir(), "tidewire-haproxy-"));
  const config = path.join(folder, "haproxy.cfg");
  writeFileSync(
    config,
    Object.entries(places).reduce((text, [from, to]) => text.replaceAll(from, to), textOf(file)),
  );
  // In master-worker mode it says when its worker listens; -db keeps it from going to the background.
  const child = spawn(haproxyPath, ["-W", "-db", "-f", config], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "exit");
  context.onTestFinished(async () => {
    child.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  let output = "";
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        output += chunk.toString();
        if (output.includes("Loading success")) resolve();
      });
    }
    child.once("exit", (code) => reject(new Error(`haproxy ended with ${code}: ${output}`)));
  });
}
