// `tidewire bench` as a program: against its own server, against ours with a key, and against one that is wrong.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocketServer } from "ws";
import { consoleLog } from "../host/console-log.ts";
import { readSettings } from "../settings.ts";
import { startStandalone } from "../standalone.ts";

const main = fileURLToPath(new URL("../main.ts", import.meta.url));
const timeoutMs = 60_000;
const small = ["--subscribers", "10", "--seconds", "1"];

interface Ended {
  readonly code: number;
  readonly output: string;
  readonly problem: string;
}

function bench(args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const all = ["--conditions=@tidewire/source", main, "bench", ...args];
    execFile(process.execPath, all, { env: { ...process.env, NODE_OPTIONS: "" } }, (error, output, problem) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, output, problem }),
    );
  });
}

/** The cells of the line that begins with `name`; none holds a space. */
function cells(output: string, name: string): readonly string[] {
  const line = output.split("\n").find((one) => one.trim().startsWith(name)) ?? "";
  return line.trim().slice(name.length).trim().split(/ +/);
}

/** A server that gives what it is sent to everybody, but for what it passes over. */
async function broadcasting(passesOver: (n: number) => boolean): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  let n = 0;
  server.on("connection", (socket) => {
    socket.on("message", (data) => {
      n += 1;
      if (!passesOver(n)) for (const client of server.clients) client.send(data as Buffer);
    });
  });
  await once(server, "listening");
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/any/path`;
}

describe("tidewire bench", () => {
  it(
    "measures a server of its own, and what it costs",
    async () => {
      const { code, output, problem } = await bench([...small, "--rate", "50"]);
      expect([code, problem]).toEqual([0, ""]);
      expect(output).toMatch(/Server +a Tidewire of its own, in memory, centrifuge-json/);
      expect(output).toMatch(/Connected +10, \S+ a second, \S+ bytes of the server's memory each/);
      expect(output).toContain("µs CPU/delivery");
      const [published, , , , , ...wrong] = cells(output, "as asked");
      expect([published, wrong.slice(0, 3)]).toEqual(["50", ["0", "0", "0"]]);
    },
    timeoutMs,
  );

  it(
    "publishes to a server with a URL by its API, to whom clients may not say so much",
    async () => {
      const data = mkdtempSync(path.join(tmpdir(), "tidewire-"));
      onTestFinished(() => rmSync(data, { recursive: true, force: true }));
      const settings = readSettings({ port: "0", data, engine: "memory" }, {});
      const standalone = await startStandalone(settings, consoleLog("error"));
      onTestFinished(() => standalone.stop());
      const url = `ws://127.0.0.1:${standalone.port}`;
      const loud = ["--rate", "400", "--burst", "40"];
      const byKey = await bench([url, ...small, ...loud, "--api-key", standalone.apiKey]);
      expect([byKey.code, byKey.problem]).toEqual([0, ""]);
      expect(cells(byKey.output, "as asked")[0]).toBe("400");
      for (const wire of ["protobuf", "sse"]) {
        const { code, output } = await bench([url, ...small, "--wire", wire]);
        expect([code, cells(output, "as asked")[0]]).toEqual([0, "20"]);
      }
      const { code, problem } = await bench([url, ...small, "--api-key", "wrong"]);
      expect(code).toBe(1);
      expect(problem).toContain("expected 200, got 401");
    },
    timeoutMs,
  );

  it(
    "says what a server loses, and fails",
    async () => {
      const whole = await bench([await broadcasting(() => false), ...small]);
      expect([whole.code, cells(whole.output, "as asked").slice(5)]).toEqual([0, ["0", "0", "0"]]);
      // 20 of the warm-up, then 20 that count.
      const leaky = await bench([await broadcasting((n) => n > 20 && n % 10 === 0), ...small]);
      expect([leaky.code, cells(leaky.output, "as asked").slice(5)]).toEqual([1, ["20", "0", "0"]]);
      expect(leaky.output).toContain("as asked: not delivered as published");
    },
    timeoutMs,
  );
});
