// Listening on several addresses: what holds at the first holds at all of them.
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { limitedServer } from "./http-server.ts";
import { listen } from "./listen.ts";

const hosts = ["127.0.0.1", "127.0.0.2"];

/** The status of the answer to these bytes. */
function status(host: string, port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect({ host, port });
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
    socket.once("error", reject).once("close", () => resolve(text.slice(9, 12)));
    socket.write(request);
  });
}

const withHead = (bytes: number): string =>
  `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Long: ${"x".repeat(bytes)}\r\n\r\n`;

/** Linux has all of 127.0.0.0/8 as loopback addresses. */
test.runIf(process.platform === "linux")("limits of the head of a request", async () => {
  const main = limitedServer();
  const errors: (string | undefined)[] = [];
  main.on("request", (_request, response) => void response.end("hello"));
  main.emit = (
    (emit) =>
    (name: string, ...args: unknown[]) => {
      if (name === "clientError") errors.push((args[0] as { code?: string }).code);
      return emit(name, ...args);
    }
  )(main.emit.bind(main) as (name: string, ...args: unknown[]) => boolean);
  const listening = await listen(main, hosts, 0);
  onTestFinished(() => listening.close());
  expect(listening.hosts).toEqual(hosts);
  for (const host of hosts) {
    expect([host, await status(host, listening.port, withHead(7_000))]).toEqual([host, "200"]);
    expect([host, await status(host, listening.port, withHead(9_000))]).toEqual([host, "431"]);
    expect([host, await status(host, listening.port, "no HTTP\r\n\r\n")]).toEqual([host, "400"]);
  }
  const each = ["HPE_HEADER_OVERFLOW", "HPE_INVALID_METHOD"];
  expect(errors).toEqual([...each, ...each]);
});

test.runIf(process.platform === "linux")("what is upgraded, and what is answered", async () => {
  const main = limitedServer();
  main.on("request", (_request, response) => void response.setHeader("Connection", "close").end("answered"));
  main.on("upgrade", (_request, socket) => socket.end("HTTP/1.1 101 Switching Protocols\r\n\r\n"));
  const upgrades = ({ headers }: { headers: NodeJS.Dict<string | string[]> }): boolean =>
    headers["upgrade"] === "websocket";
  Object.assign(main, { shouldUpgradeCallback: upgrades });
  const listening = await listen(main, hosts, 0);
  onTestFinished(() => listening.close());
  const offering = (protocol: string): string =>
    `GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`;
  for (const host of hosts) {
    expect([host, await status(host, listening.port, offering("h2c"))]).toEqual([host, "200"]);
    expect([host, await status(host, listening.port, offering("websocket"))]).toEqual([host, "101"]);
  }
});
