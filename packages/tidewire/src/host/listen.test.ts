// Listening on several addresses: what holds at the first holds at all of them.
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { limitedServer } from "./http-server.ts";
import { listen } from "./listen.ts";

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
  const hosts = ["127.0.0.1", "127.0.0.2"];
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
