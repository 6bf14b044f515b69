import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import { type Line, line, settled, turn, until } from "../../test/line.ts";
import type { FlowFigures } from "./index.ts";

function figures({ proxy }: Line, direction: "up" | "down" = "up"): FlowFigures {
  const [connection] = proxy.connections();
  if (connection === undefined) throw new Error("no connection is open");
  return connection[direction];
}

describe("without faults", () => {
  it("bytes and the end go both ways, the end of one way leaves the other open", async () => {
    const { open, proxy, events } = await line();
    const { client, server } = await open();
    client.socket.end("up");
    await until(() => server.hasEnded);
    expect(server.text).toBe("up");
    server.socket.end("down");
    await until(() => client.hasEnded);
    expect(client.text).toBe("down");
    await until(() => proxy.connections().length === 0);
    expect(events).toMatchObject([
      { kind: "opened", connection: 1, client: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string },
      { kind: "closed", connection: 1, cause: "client ended", upBytes: 2, downBytes: 4 },
    ]);
  });

  it.each(["client", "server"] as const)("a reset by the %s resets the other side", async (side) => {
    const { open, events } = await line();
    const ends = await open();
    ends[side].socket.resetAndDestroy();
    const other = ends[side === "client" ? "server" : "client"];
    await until(() => other.socket.destroyed);
    expect(other.failure).toBe("ECONNRESET");
    await until(() => events.length === 2);
    expect(events[1]).toMatchObject({ kind: "closed", cause: `${side} reset` });
  });
});

describe("delay and jitter", () => {
  it("delays each direction by its own, ends and resets too", async () => {
    const clock = new FakeClock();
    const under = await line({ clock });
    const { client, server } = await under.open();
    await under.proxy.set({ delayMs: 100 }, { direction: "up" });
    server.socket.write("now");
    await until(() => client.text === "now");
    client.socket.end("late");
    await until(() => figures(under).waitingBytes === 4);
    await settled();
    clock.advance(99);
    await settled();
    expect([server.text, server.hasEnded]).toEqual(["", false]);
    clock.advance(1);
    await until(() => server.hasEnded);
    expect(server.text).toBe("late");
    await under.proxy.set({ delayMs: 50 });
    server.socket.resetAndDestroy();
    await until(() => clock.size === 1);
    expect(client.isUntouched).toBe(true);
    clock.advance(50);
    await until(() => client.failure === "ECONNRESET");
  });

  it("lets what is on the way go when the delay is taken back", async () => {
    const clock = new FakeClock();
    const under = await line({ clock });
    const { client, server } = await under.open();
    await under.proxy.set({ delayMs: 600_000 });
    client.socket.write("held");
    await until(() => figures(under).waitingBytes === 4);
    await under.proxy.clear();
    await until(() => server.text === "held");
    expect(clock.size).toBe(0);
  });

  it("keeps the order when what follows has the smaller jitter", async () => {
    const clock = new FakeClock();
    const chances = [0.9, 0.1, 0.5];
    const under = await line({ clock, random: () => chances.shift() ?? 0 });
    const { client, server } = await under.open();
    await under.proxy.set({ delayMs: 10, jitterMs: 100 });
    for (const [index, text] of ["a", "b", "c"].entries()) {
      client.socket.write(text);
      await until(() => figures(under).readBytes === index + 1);
    }
    clock.advance(99);
    expect(figures(under).sentBytes).toBe(0);
    clock.advance(1);
    await until(() => server.text === "abc");
  });
});

describe("bandwidth and slices", () => {
  it("gives out the bandwidth in portions", async () => {
    const clock = new FakeClock();
    const under = await line({ clock });
    const { client, server } = await under.open();
    await under.proxy.set({ bytesPerSecond: 1_000 });
    client.socket.write("x".repeat(1_000));
    await until(() => figures(under).readBytes === 1_000);
    const sent: number[] = [];
    for (let step = 0; step < 5; step += 1) {
      sent.push(figures(under).sentBytes);
      clock.advance(100);
    }
    expect(sent).toEqual([20, 120, 220, 320, 420]);
    // A minute of silence is not saved up.
    clock.advance(60_000);
    client.socket.write("y".repeat(1_000));
    await until(() => figures(under).readBytes === 2_000);
    expect(figures(under).sentBytes).toBeLessThanOrEqual(1_040);
    clock.advance(1_000);
    await until(() => server.bytes.length === 2_000);
  });

  it("goes down to a byte a second", async () => {
    const clock = new FakeClock();
    const under = await line({ clock });
    const { client } = await under.open();
    await under.proxy.set({ bytesPerSecond: 1 });
    client.socket.write("slow");
    await until(() => figures(under).readBytes === 4);
    clock.advance(2_000);
    expect(figures(under).sentBytes).toBe(3);
  });

  it("writes slices that arrive one by one", async () => {
    const clock = new FakeClock();
    const under = await line({ clock });
    const { client, server } = await under.open();
    await under.proxy.set({ sliceBytes: 3 }, { direction: "up" });
    client.socket.write("0123456789");
    for (const arrived of [3, 6, 9, 10]) {
      await until(() => server.bytes.length === arrived);
      clock.advance(1);
    }
    expect(server.chunks.map(String)).toEqual(["012", "345", "678", "9"]);
  });
});

describe("back-pressure", () => {
  it("stops reading: the sending side is held back by TCP, and nothing is lost", async () => {
    const under = await line();
    const { client, server } = await under.open();
    await under.proxy.set({ stopReading: true }, { direction: "up" });
    // More than the kernel holds for a connection.
    const sent = Buffer.alloc(20_000_000, "0123456789");
    client.socket.end(sent);
    server.socket.write("the other way is open");
    await until(() => client.text === "the other way is open");
    await settled();
    expect(figures(under).readBytes).toBe(0);
    expect(client.socket.writableLength).toBeGreaterThan(0);
    await under.proxy.clear();
    await until(() => server.hasEnded);
    expect(server.bytes.equals(sent)).toBe(true);
  });

  it("stops writing: takes what it may hold, and the end waits with it", async () => {
    const under = await line();
    const { client, server } = await under.open();
    await under.proxy.set({ stopWriting: true });
    client.socket.end("held");
    await until(() => figures(under).readBytes === 4);
    await settled();
    expect(figures(under)).toEqual({ readBytes: 4, sentBytes: 0, waitingBytes: 4 });
    expect(server.isUntouched).toBe(true);
    await under.proxy.clear();
    await until(() => server.hasEnded);
    expect(server.text).toBe("held");
  });

  it("holds a bounded number of bytes before a side that never reads, of 50 MB", async () => {
    const under = await line({ reads: "never" });
    const { client, server } = await under.open();
    const total = 50_000_000;
    const sent = createHash("sha256");
    const chunk = Buffer.alloc(100_000);
    let written = 0;
    const more = (): void => {
      while (written < total) {
        chunk.writeUInt32BE(written, 0);
        const copy = Buffer.from(chunk);
        sent.update(copy);
        written += copy.length;
        if (!client.socket.write(copy)) return;
      }
      client.socket.end();
    };
    client.socket.on("drain", more);
    more();
    await until(() => figures(under).waitingBytes >= 1_048_576);
    await settled();
    const bound = 1_200_000;
    expect(figures(under).waitingBytes).toBeLessThan(bound);
    // The kernel's buffers hold the rest of what was read.
    expect(figures(under).readBytes).toBeLessThan(30_000_000);
    expect(written).toBeLessThan(total);
    const came = createHash("sha256");
    let most = 0;
    server.socket.on("data", (bytes: Buffer) => {
      came.update(bytes);
      most = Math.max(most, figures(under).waitingBytes);
    });
    server.socket.resume();
    await until(() => server.hasEnded);
    expect(figures(under)).toEqual({ readBytes: total, sentBytes: total, waitingBytes: 0 });
    expect(most).toBeLessThan(bound);
    expect(came.digest("hex")).toBe(sent.digest("hex"));
  });

  it("counts small reads too, each of which costs memory", async () => {
    const clock = new FakeClock();
    const under = await line({ clock });
    const { client, server } = await under.open();
    await under.proxy.set({ delayMs: 1_000 });
    for (let sent = 0; sent < 4_096; sent += 1) {
      client.socket.write("x");
      await until(() => figures(under).readBytes === sent + 1);
    }
    client.socket.write("y");
    await settled();
    expect(figures(under).readBytes).toBe(4_096);
    clock.advance(1_000);
    await until(() => figures(under).readBytes === 4_097);
    clock.advance(1_000);
    await until(() => server.bytes.length === 4_097);
    await turn();
  });
});
