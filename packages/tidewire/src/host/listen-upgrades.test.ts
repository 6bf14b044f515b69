// Listening on several addresses: each upgrades what the first would, within the same limits.
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { limitedServer } from "./http-server.ts";
import { listen } from "./listen.ts";

const hosts = ["127.0.0.1", "127.0.0.2"];

/** The port of a server that upgrades to WebSocket alone, and answers everything else. */
async function listening(): Promise<number> {
  const server = limitedServer();
  server.on("request", (_, response) => response.end("answered"));
  server.on("upgrade", (_, socket) => socket.end("HTTP/1.1 101 Switching Protocols\r\n\r\n"));
  const upgrades = ({ headers }: { headers: NodeJS.Dict<string | string[]> }): boolean =>
    headers["upgrade"] === "websocket";
  Object.assign(server, { shouldUpgradeCallback: upgrades });
  const opened = await listen(server, hosts, 0);
  onTestFinished(() => opened.close());
  return opened.port;
}

async function answerTo(request: string, host: string, port: number): Promise<string> {
  const socket = connect(port, host);
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
  socket.end(request);
  await new Promise((resolve) => void socket.on("error", () => undefined).once("close", resolve));
  return text;
}

test.skipIf(process.platform !== "linux").each(hosts)(
  "%s has limits, and upgrades what the first one would",
  async (host) => {
    const port = await listening();
    const large = `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(9_000)}\r\n\r\n`;
    const offering = (protocol: string): string =>
      `GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`;
    expect(await answerTo(large, host, port)).toMatch(/^HTTP\/1\.1 431 /);
    expect(await answerTo(offering("h2c"), host, port)).toMatch(/^HTTP\/1\.1 200 .*answered$/s);
    expect(await answerTo(offering("websocket"), host, port)).toMatch(/^HTTP\/1\.1 101 /);
  },
);
