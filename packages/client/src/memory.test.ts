// Ten thousand reconnects leave nothing behind: no listener, no timer, no closure that is kept for ever.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { FakeClock } from "../test/fake-clock.ts";
import { FickleServer } from "../test/fickle-server.ts";
import { FakePage } from "../test/stage.ts";
import { createClient } from "./index.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes in use when everything that nobody needs is gone. */
async function usedBytes(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    collect();
    await settled();
  }
  return process.memoryUsage().heapUsed;
}

function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** One object of some fields for each reconnect would be several times as much. */
const allowedBytes = 400_000;

test("memory is flat over 10,000 reconnects with channels, tokens, requests and changes of the page", async () => {
  const clock = new FakeClock();
  const server = new FickleServer(clock);
  const page = new FakePage();
  server.greeting = { ping: 25, pong: true, expires: true, ttl: 60 };
  const token = (): Promise<string> => Promise.resolve("token");
  const client = createClient({ url: "fickle:", transport: server, clock, page, random: () => 0.5, token });
  client.connect();
  const channels = Array.from({ length: 5 }, (_, index) => client.channel(`news:${index}`));
  for (const channel of channels) channel.open({ token, pauseWhenHidden: true });
  let connections = 0;
  client.onState(({ kind }) => {
    if (kind === "connected") connections += 1;
  });

  const reconnect = async (): Promise<void> => {
    const before = connections;
    server.attemptsMs.length = 0;
    server.manner = before % 3 === 0 ? { kind: "refuses" } : { kind: "well" };
    page.become(before % 2 === 0 ? "hidden" : "visible");
    channels[0]?.publish(before).catch(() => undefined);
    // Opened and left in every connection, as a page does that is browsed.
    client.channel(`page:${before % 50}`).open()();
    server.close(1006);
    await settled();
    clock.advance(clock.nextMs ?? 0);
    await settled();
    server.manner = { kind: "well" };
    while (connections === before) {
      clock.advance(clock.nextMs ?? 0);
      await settled();
    }
    clock.advance(100);
    await settled();
  };

  // What is compiled, cached and grown on the way is there by then.
  while (connections < 2_000) await reconnect();
  const startBytes = await usedBytes();
  while (connections < 10_000) await reconnect();
  expect((await usedBytes()) - startBytes).toBeLessThan(allowedBytes);
  expect(channels.map(({ status }) => status.kind)).toEqual(Array.from({ length: 5 }, () => "live"));
  client.close();
  expect(clock.size).toBe(0);
}, 60_000);
