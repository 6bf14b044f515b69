// The start report: every address it prints answers, and so does the command it suggests.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import WebSocket from "ws";
import { consoleLog } from "./host/console-log.ts";
import { startReport } from "./host/start-report.ts";
import { readSettings } from "./settings.ts";
import { startStandalone } from "./standalone.ts";

async function report(): Promise<{ text: string; port: number }> {
  const data = mkdtempSync(path.join(tmpdir(), "tidewire-"));
  onTestFinished(() => rmSync(data, { recursive: true, force: true }));
  const settings = readSettings({ port: "0", data }, {});
  const standalone = await startStandalone(settings, consoleLog("error"));
  onTestFinished(() => standalone.stop());
  const { port, apiKey } = standalone;
  const { mode, hosts, dataFolder } = settings;
  const facts = { title: "Tidewire", readyMs: 1, mode, host: hosts[0] ?? "", port, page: null, apiKey, dataFolder };
  return { text: startReport({ ...facts, taken: null }), port };
}

test("every address that is printed answers", async () => {
  const { text, port } = await report();
  const addresses = text.match(/http:\/\/\S+/g) ?? [];
  expect(addresses).toHaveLength(1);
  for (const address of addresses) expect((await fetch(address)).status).toBe(200);
  const docs = /docs (\S+)/.exec(text)?.[1] ?? "";
  expect((await fetch(`http://localhost:${port}${docs}`)).headers.get("content-type")).toMatch("text/html");
  const paths = (/Sockets +(.*)/.exec(text)?.[1] ?? "").trim().split(/ +/);
  expect(paths).toHaveLength(3);
  for (const each of paths) {
    const socket = new WebSocket(`ws://localhost:${port}${each.replace("{channel}", "lobby")}`);
    onTestFinished(() => socket.terminate());
    await once(socket, "open");
  }
});

test("the command it suggests publishes", async () => {
  const { text } = await report();
  const command = /try {2}(curl .*)/.exec(text)?.[1] ?? "";
  const { stdout } = await promisify(execFile)("sh", ["-c", `${command} --silent`]);
  expect(JSON.parse(stdout)).toMatchObject({ result: { offset: 1 } });
});

test("a port that is taken is said, with its owner", () => {
  const facts = { title: "Tidewire", readyMs: 1, mode: "development", host: "::1", page: "/" } as const;
  const text = startReport({
    ...facts,
    port: 8_081,
    apiKey: "k",
    dataFolder: "data",
    taken: { port: 8_080, owner: 4_711 },
  });
  expect(text.split("\n")[0]).toBe("  8080 is in use by process 4711; using 8081");
  expect(text).toContain("App         http://localhost:8081/");
});

test("in production the key is not printed", () => {
  const facts = { title: "Tidewire", readyMs: 1, mode: "production", host: "10.0.0.1", page: null } as const;
  const text = startReport({ ...facts, port: 80, apiKey: "the secret", dataFolder: "data", taken: null });
  expect(text).not.toContain("the secret");
});
