// The wall clock jumps by an hour under a running server: nobody is disconnected and nothing is lost.
import { sqliteEngine } from "@tidewire/server/sqlite";
import { expect, test } from "vitest";
import { systemClock } from "../packages/server/src/ports/clock.ts";
import { connected, Listener } from "./centrifuge-client.ts";
import { engineNames } from "./engines.ts";
import { temporaryFile } from "./killable-node.ts";
import { open, serve, type ServerOptions } from "./serving.ts";
import { talk } from "./talk.ts";

const hourMs = 3_600_000;

test.each(engineNames)(
  "an hour ahead, two back, one ahead: no disconnect, no loss, and recovery as before (%s)",
  async (name) => {
    let shiftMs = 0;
    const clock = { ...systemClock, wall: () => Date.now() + shiftMs };
    const engine: Pick<ServerOptions, "engine"> =
      name === "sqlite" ? { engine: sqliteEngine({ path: temporaryFile(), clock }) } : {};
    const { tide, socketUrl } = await serve({
      ...engine,
      clock,
      limits: { pingIntervalMs: 1_000, pongTimeoutMs: 5_000 },
    });
    const client = await connected(socketUrl);
    const losses: number[] = [];
    client.on("connecting", ({ code }) => losses.push(code));
    const listener = new Listener(client, "public:a");
    await listener.subscription.ready();
    const pinged = await talk(`${socketUrl}/connection/websocket`);
    pinged.send('{"id":1,"connect":{}}');
    await pinged.next();
    const channel = tide.channel(open, { name: "a" });
    let published = 0;
    for (const jumpMs of [hourMs, -2 * hourMs, hourMs]) {
      shiftMs += jumpMs;
      for (let n = 0; n < 20; n += 1) await channel.publish((published += 1));
      expect(await pinged.next()).toBe("{}");
      pinged.send("{}");
    }
    await listener.until(({ publications }) => publications.length === published);
    expect(listener.offsets).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
    expect(losses).toEqual([]);
    expect(tide.stats().sessions).toBe(2);
    // History is counted by a clock that does not jump, so who comes back is recovered from before.
    const epoch = (await client.history("public:a")).epoch;
    shiftMs = 5 * hourMs;
    const late = new Listener(await connected(socketUrl), "public:a", { since: { epoch, offset: 0 } });
    await late.until(({ publications }) => publications.length === published);
    expect(late.establishments).toEqual([{ wasRecovering: true, recovered: true }]);
  },
  30_000,
);
