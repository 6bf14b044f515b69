// The heartbeat in all its states: a slow link is not a dead one, and a dead one is found in time.
import { beforeEach, describe, expect, it } from "vitest";
import { Wheel } from "../hub/wheel.ts";
import { Metrics } from "../ports/metrics.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { Heartbeat, type HeartbeatHost } from "./heartbeat.ts";

let clock: FakeClock;
let heartbeat: Heartbeat;
let pings: number;
let closed: string[];
let traffic: { unsent: number; received: number };
let isHeld: boolean;
let hasPongs: boolean;

beforeEach(() => {
  clock = new FakeClock();
  pings = 0;
  closed = [];
  traffic = { unsent: 0, received: 0 };
  isHeld = false;
  hasPongs = true;
  const limits = { pingIntervalMs: 25_000, pongTimeoutMs: 10_000, stalledMs: 60_000 };
  const host: HeartbeatHost = {
    ping: () => (pings += 1),
    close: (reason, detail) => void closed.push(`${reason}: ${detail}`),
    link: { traffic: () => ({ ...traffic }) },
    get traits() {
      return { hasPongs };
    },
    get isHeld() {
      return isHeld;
    },
  };
  heartbeat = new Heartbeat({ clock, metrics: new Metrics(), hub: { wheel: new Wheel(clock) }, limits }, host, 15_000);
});

/** The next ping is queued, and leaves. */
function ping(afterMs: number): void {
  const before = pings;
  clock.advance(afterMs + 20);
  expect(pings).toBe(before + 1);
  heartbeat.left();
}

describe("Heartbeat", () => {
  it("pings, and again when the pong has come", () => {
    ping(15_000);
    clock.advance(9_000);
    expect(heartbeat.pong()).toBe(true);
    ping(25_000);
    expect([heartbeat.pong(), closed]).toEqual([true, []]);
  });

  it("closes without a pong, and not before its time", () => {
    ping(15_000);
    clock.advance(9_900);
    expect(closed).toEqual([]);
    clock.advance(150);
    expect(closed).toEqual(["no_pong: no pong within 10000 ms"]);
  });

  it("sends no second ping before the pong", () => {
    ping(15_000);
    for (let second = 0; second < 60; second += 1) {
      traffic.received += 1;
      clock.advance(1_000);
    }
    expect([pings, closed]).toEqual([1, []]);
  });

  it("takes bytes that come for life", () => {
    ping(15_000);
    clock.advance(6_000);
    traffic.received += 1;
    clock.advance(9_000);
    expect(closed).toEqual([]);
    clock.advance(11_000);
    expect(closed).toHaveLength(1);
  });

  it("counts the pong's time from when the ping has left", () => {
    clock.advance(15_020);
    clock.advance(30_000);
    heartbeat.left();
    clock.advance(9_900);
    expect(closed).toEqual([]);
  });

  it("knows no pong before the ping has left, nor twice", () => {
    expect(heartbeat.pong()).toBe(false);
    clock.advance(15_020);
    expect([pings, heartbeat.pong()]).toEqual([1, false]);
    heartbeat.left();
    expect([heartbeat.pong(), heartbeat.pong()]).toEqual([true, false]);
  });

  it("closes a full one that takes no byte for a minute", () => {
    traffic.unsent = 100_000;
    heartbeat.full();
    clock.advance(59_900);
    expect(closed).toEqual([]);
    clock.advance(200);
    expect(closed).toEqual(["slow: took no byte for 60000 ms"]);
  });

  it("keeps a full one that is slow but takes bytes, however long and without a pong", () => {
    ping(15_000);
    traffic.unsent = 1_000_000;
    heartbeat.full();
    for (let step = 0; step < 12; step += 1) {
      clock.advance(50_000);
      traffic.unsent -= 1;
    }
    expect(closed).toEqual([]);
  });

  it("keeps one whose ping waits behind what the kernel holds: that takes longer than a pong may", () => {
    ping(15_000);
    heartbeat.full();
    clock.advance(5_000);
    heartbeat.left();
    clock.advance(55_000);
    expect(closed).toEqual([]);
    expect(heartbeat.pong()).toBe(true);
    // Quick again: judged by its pong again.
    ping(25_000);
    clock.advance(10_050);
    expect(closed).toEqual(["no_pong: no pong within 10000 ms"]);
  });

  it("closes one that was slow and says nothing for a minute", () => {
    ping(15_000);
    heartbeat.full();
    heartbeat.left();
    clock.advance(60_100);
    expect(closed).toEqual(["no_pong: no pong within 60000 ms"]);
  });

  it("owes the pong when the ping left with what filled the socket", () => {
    clock.advance(15_020);
    heartbeat.full();
    expect(heartbeat.pong()).toBe(true);
    heartbeat.left();
    ping(25_000);
  });

  it("waits for the pong of one that it does not read itself", () => {
    ping(15_000);
    isHeld = true;
    clock.advance(120_000);
    expect(closed).toEqual([]);
    isHeld = false;
    clock.advance(25_000);
    expect(closed).toHaveLength(1);
  });

  it("closes one whose ping is never written", () => {
    clock.advance(15_020 + 60_100);
    expect(closed).toEqual(["slow: took no byte for 60000 ms"]);
  });

  it("ends its timer", () => {
    heartbeat.stop();
    clock.advance(100_000);
    expect([pings, closed, clock.pending]).toEqual([0, [], 0]);
  });
});

describe("without pongs", () => {
  beforeEach(() => {
    hasPongs = false;
  });

  it("a socket that has taken all has answered", () => {
    ping(15_000);
    for (let count = 0; count < 10; count += 1) ping(25_000);
    expect(closed).toEqual([]);
  });

  it("a few bytes that nobody takes, below what makes a socket full, are found after 60 s", () => {
    traffic.unsent = 3;
    ping(15_000);
    clock.advance(59_900);
    expect(closed).toEqual([]);
    clock.advance(200);
    expect(closed).toEqual(["slow: took no byte for 60000 ms"]);
  });

  it("a socket that takes some, however slowly, is not closed, and is pinged again once it has taken all", () => {
    traffic.unsent = 1_000;
    ping(15_000);
    for (let count = 0; count < 9; count += 1) {
      clock.advance(50_000);
      traffic.unsent -= 100;
    }
    traffic.unsent = 0;
    clock.advance(60_000);
    expect(closed).toEqual([]);
    clock.advance(25_100);
    expect(pings).toBe(2);
  });

  it("a full socket that takes nothing is closed, as one with pongs is", () => {
    ping(15_000);
    traffic.unsent = 70_000;
    heartbeat.full();
    clock.advance(60_100);
    expect(closed).toEqual(["slow: took no byte for 60000 ms"]);
  });
});
