// The standalone server with webhooks in its configuration, in several processes.
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { expect, it, onTestFinished, vi } from "vitest";
import { connected, listening } from "../centrifuge-client.ts";
import { startFleet } from "../fleet.ts";
import { temporaryFile } from "../killable-node.ts";
import { Receiver } from "./receiver.ts";
import { secret } from "./secret.ts";

const soon = { timeout: 30_000 };

it("workers tell as one, another goes on when one is killed, and a stop is told with its reason", async () => {
  const receiver = await Receiver.listening();
  const file = temporaryFile();
  writeFileSync(file, `${secret}\n`);
  const endpoint = { name: "backend", url: receiver.url, secret_file: file, allow_http: true, allow_private: true };
  vi.stubEnv("TIDEWIRE_WEBHOOKS", JSON.stringify([endpoint]));
  onTestFinished(() => void vi.unstubAllEnvs());
  const fleet = await startFleet(2, "memory", [{ pattern: "public:{name}", presence: true }]);
  const url = `ws://127.0.0.1:${fleet.port}`;
  // On both of them, as the system hands connections out.
  const clients = await Promise.all(Array.from({ length: 8 }, () => connected(url)));
  for (const client of clients) await listening(client, "public:a");
  await expect.poll(() => receiver.lines.filter((line) => line.startsWith("member.joined")).length, soon).toBe(8);
  const occupied = (): number => receiver.lines.filter((line) => line === "channel.occupied public:a").length;
  const opened = (): number => receiver.lines.filter((line) => line.startsWith("connection.opened")).length;
  expect([occupied(), opened()]).toEqual([1, 8]);
  // Whichever worker is asked: the one that sends shows them, and no other one has any.
  expect(await fleet.api("webhooks", {})).toMatchObject({ result: { endpoints: [{ name: "backend", dead: 0 }] } });
  const [victim = 0] = fleet.workers();
  process.kill(victim, "SIGKILL");
  await fleet.whole();
  // Some have come back, as other sessions, and all that was told before is not told again.
  const late = await connected(url);
  await listening(late, "public:b");
  await expect.poll(() => receiver.lines, soon).toContain("channel.occupied public:b");
  expect(occupied()).toBe(1);
  // Those who had been on the worker that was killed are told to have gone with it, and nobody else is.
  const closed = (): readonly unknown[] =>
    receiver.told.filter(({ type }) => type === "connection.closed").map(({ data }) => data["reason"]);
  await expect.poll(() => opened() - closed().length, { timeout: 90_000 }).toBe(9);
  expect(new Set(closed())).toEqual(new Set(["node_lost"]));
  const ended = once(fleet.supervisor, "exit");
  fleet.supervisor.kill("SIGTERM");
  await ended;
  expect(closed()).toContain("shutdown");
  const numbers = receiver.told.map(({ sequence }) => sequence);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
}, 180_000);
