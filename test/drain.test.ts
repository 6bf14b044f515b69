// A server that is asked to stop: nobody new comes in, those who are there are sent away spread over the drain, and a
// successor on the same store goes on where it ended.
import { once } from "node:events";
import { sqliteEngine } from "@tidewire/server/sqlite";
import { expect, test } from "vitest";
import { FakeClock } from "../packages/server/src/testing/fake-clock.ts";
import { clientOf, connected, Listener } from "./centrifuge-client.ts";
import { freePort, temporaryFile } from "./killable-node.ts";
import { serve } from "./serving.ts";
import { bareSocket, upgradeStatus } from "./talk.ts";

test("connections end one by one over the drain, told 3001 and to come back; a new one is refused with 503", async () => {
  const clock = new FakeClock({ defer: (act) => void setImmediate(act) });
  const { tide, socketUrl } = await serve({ clock });
  const count = 5;
  const closings: string[] = [];
  const sockets = Array.from({ length: count }, () => bareSocket(`${socketUrl}/connection/websocket`));
  const welcomes = sockets.map((socket) => {
    socket.on("open", () => socket.send('{"id":1,"connect":{}}'));
    return once(socket, "message");
  });
  await Promise.all(welcomes);
  const ends = sockets.map((socket) => once(socket, "close"));
  const stopping = tide.stop({ drainMs: 500 });
  for (let gone = 1; gone <= count; gone += 1) {
    expect(tide.stats().sessions).toBe(count - gone);
    expect(await upgradeStatus(`${socketUrl}/connection/websocket`)).toBe(503);
    expect(tide.isReady()).toBe(false);
    // Nobody goes before his time.
    for (const ms of [99, 1]) {
      expect(tide.stats().sessions).toBe(count - gone);
      clock.advance(ms);
      await new Promise<void>((resolve) => void setImmediate(resolve));
    }
  }
  await stopping;
  for (const [code, reason] of await Promise.all(ends)) closings.push(`${code} ${String(reason)}`);
  expect(closings).toEqual(Array(count).fill("3001 shutdown"));
});

test("a drain takes no longer than those who are there need: half a minute is for a crowd", async () => {
  const clock = new FakeClock({ defer: (act) => void setImmediate(act) });
  const { tide, socketUrl } = await serve({ clock });
  const socket = bareSocket(`${socketUrl}/connection/websocket`);
  socket.on("open", () => socket.send('{"id":1,"connect":{}}'));
  await once(socket, "message");
  const stopping = tide.stop();
  await once(socket, "close");
  clock.advance(100);
  await stopping;
});

test("our client is told when somebody will be there again, unless others are there now, and an SDK nothing that it does not know", async () => {
  const said = async (hasOthers: boolean): Promise<readonly unknown[]> => {
    const clock = new FakeClock({ defer: (act) => void setImmediate(act) });
    const { tide, socketUrl } = await serve({ clock });
    const [own, official] = [{ tide: 1 }, {}].map((connect) => {
      const socket = bareSocket(`${socketUrl}/connection/websocket`);
      socket.on("open", () => socket.send(JSON.stringify({ id: 1, connect })));
      return { socket, frames: [] as unknown[] };
    });
    const both = [own, official].filter((each) => each !== undefined);
    await Promise.all(both.map(({ socket }) => once(socket, "message")));
    for (const { socket, frames } of both) {
      socket.on("message", (data: Buffer) => frames.push(JSON.parse(String(data))));
    }
    const ends = Promise.all(both.map(({ socket }) => once(socket, "close")));
    const stopping = tide.stop({ drainMs: 10_000, hasOthers });
    for (let turn = 0; turn < 2; turn += 1) {
      clock.advance(100);
      await new Promise<void>((resolve) => void setImmediate(resolve));
    }
    await stopping;
    await ends;
    return both.map(({ frames }) => frames);
  };
  const [own, official] = (await said(false)) as [readonly { push: { return: { after: number } } }[], unknown];
  expect(own).toHaveLength(1);
  const after = own[0]?.push.return.after;
  // When the two have gone, and spread over some time from then.
  expect(after).toBeGreaterThanOrEqual(200);
  expect(after).toBeLessThan(5_200);
  expect(official).toEqual([]);
  expect(await said(true)).toEqual([[], []]);
});

test("a restart on the same SQLite file under load: nothing acked is lost, doubled or reordered, and all are recovered", async () => {
  const [file, port] = [temporaryFile(), await freePort()];
  const serveAgain = (): ReturnType<typeof serve> => serve({ engine: sqliteEngine({ path: file }), port });
  let served = await serveAgain();
  const readers = await Promise.all(
    Array.from({ length: 10 }, async () => new Listener(await connected(served.socketUrl), "public:a")),
  );
  for (const { subscription } of readers) await subscription.ready();
  const writer = clientOf(served.socketUrl);
  writer.connect();
  const acked: number[] = [];
  let next = 1;
  const write = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n += 1) {
      await writer.ready();
      const value = next;
      next += 1;
      const outcome = await writer.publish("public:a", value).then(
        () => true,
        () => false,
      );
      if (outcome) acked.push(value);
    }
  };
  for (let round = 1; round <= 3; round += 1) {
    const writing = write(60);
    await readers[0]?.until(({ publications }) => publications.length >= round * 20);
    await served.tide.stop({ drainMs: 200 });
    await served.stop();
    served = await serveAgain();
    await writing;
    for (const reader of readers) await reader.until(({ establishments }) => establishments.length > round);
  }
  const last = acked.at(-1) ?? 0;
  for (const reader of readers) {
    await reader.until(({ values }) => values.includes(last));
    const values = reader.values as number[];
    expect(acked.filter((value) => !values.includes(value))).toEqual([]);
    expect(reader.offsets).toEqual(values.map((_, index) => index + 1));
    expect(values).toEqual([...new Set(values)].toSorted((a, b) => a - b));
    expect(reader.establishments.slice(1).every(({ recovered }) => recovered)).toBe(true);
  }
  expect(acked.length).toBeGreaterThan(150);
}, 60_000);
