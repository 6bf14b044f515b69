import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import { dial, line, settled, tcpServer, until } from "../../test/line.ts";
import { createFaultProxy } from "./index.ts";

describe("half-open", () => {
  it("swallows bytes both ways and closes nothing, whatever the sides do", async () => {
    const { proxy, open, served } = await line();
    const { client, server } = await open();
    client.socket.write("before");
    await until(() => server.text === "before");
    await proxy.set({ halfOpen: true }, { connection: 1 });
    server.socket.write("down");
    client.socket.end("after");
    await until(() => proxy.connections()[0]?.up.readBytes === 11);
    await settled();
    expect([server.text, server.isUntouched]).toEqual(["before", true]);
    expect([client.text, client.isUntouched]).toEqual(["", true]);
    expect(proxy.connections()[0]).toMatchObject({ state: "half-open", up: { sentBytes: 6 }, down: { sentBytes: 0 } });
    // Another connection is none of its business.
    const other = await open();
    other.client.socket.write("hello");
    await until(() => other.server.text === "hello");
    // Nor does a reset get through.
    client.socket.resetAndDestroy();
    server.socket.write("still nobody knows");
    await settled();
    expect(server.isUntouched).toBe(true);
    expect(served.ends).toHaveLength(2);
  });

  it("loses what was on the way, and stays dead when the fault is taken back", async () => {
    const clock = new FakeClock();
    const { proxy, open } = await line({ clock });
    const { client, server } = await open();
    await proxy.set({ delayMs: 100 });
    client.socket.write("on the way");
    await until(() => clock.size === 1);
    await proxy.set({ halfOpen: true });
    expect(clock.size).toBe(0);
    await proxy.clear();
    client.socket.write("more");
    await until(() => proxy.connections()[0]?.up.readBytes === 14);
    await settled();
    expect(server.text).toBe("");
    expect(proxy.connections()[0]?.state).toBe("half-open");
    expect(proxy.cut("reset")).toBe(1);
    await until(() => client.failure === "ECONNRESET" && server.failure === "ECONNRESET");
  });

  it("is let go when both sides have given up", async () => {
    const { proxy, open, events } = await line();
    const { client, server } = await open();
    await proxy.set({ halfOpen: true });
    client.socket.end();
    await settled();
    expect(proxy.connections()).toHaveLength(1);
    server.socket.resetAndDestroy();
    await until(() => proxy.connections().length === 0);
    expect(events.at(-1)).toMatchObject({ kind: "closed", cause: "client ended" });
  });
});

describe("cut", () => {
  it("resets both sides", async () => {
    const { proxy, open, events } = await line();
    const { client, server } = await open();
    expect(proxy.cut("reset")).toBe(1);
    await until(() => client.socket.destroyed && server.socket.destroyed);
    expect([client.failure, server.failure]).toEqual(["ECONNRESET", "ECONNRESET"]);
    await until(() => events.length === 3);
    expect(events.slice(1)).toMatchObject([
      { kind: "cut", connection: 1, direction: "both", how: "reset" },
      { kind: "closed", connection: 1, cause: "cut" },
    ]);
  });

  it("resets one side and does not tell the other", async () => {
    const { proxy, open } = await line();
    const { client, server } = await open();
    proxy.cut("reset", { direction: "down" });
    await until(() => client.failure === "ECONNRESET");
    server.socket.write("anybody?");
    await until(() => proxy.connections()[0]?.down.readBytes === 8);
    await settled();
    expect(server.isUntouched).toBe(true);
    expect(proxy.connections()[0]?.state).toBe("half-open");
    server.socket.end();
    await until(() => proxy.connections().length === 0);
  });

  it("ends both sides, and waits for them to end theirs", async () => {
    const { proxy, open } = await line();
    const { client, server } = await open();
    proxy.cut("end");
    await until(() => client.hasEnded && server.hasEnded);
    expect([client.failure, server.failure]).toEqual(["", ""]);
    expect(proxy.connections()[0]?.state).toBe("ending");
    client.socket.end("into the void");
    server.socket.end();
    await until(() => proxy.connections().length === 0);
    expect([server.text, client.text]).toEqual(["", ""]);
  });

  it("ends one direction and leaves the other", async () => {
    const { proxy, open } = await line();
    const { client, server } = await open();
    proxy.cut("end", { direction: "down" });
    await until(() => client.hasEnded);
    client.socket.end("still here");
    await until(() => server.hasEnded);
    expect(server.text).toBe("still here");
  });

  it("is stronger than other faults, and can follow another cut", async () => {
    const { proxy, open } = await line();
    const { client, server } = await open();
    await proxy.set({ stopReading: true, stopWriting: true });
    proxy.cut("end");
    await until(() => client.hasEnded && server.hasEnded);
    proxy.cut("reset");
    await until(() => proxy.connections().length === 0);
    // Who has read an end reads no more, and learns of the reset by writing.
    for (const { socket } of [client, server]) socket.write("anybody?");
    await until(() => client.failure !== "" && server.failure !== "");
  });

  it("resets in the same turn as it ended", async () => {
    const { proxy, open } = await line();
    const { client, server } = await open();
    proxy.cut("end");
    proxy.cut("reset");
    await until(() => proxy.connections().length === 0);
    for (const { socket } of [client, server]) socket.write("anybody?");
    await until(() => client.failure !== "" && server.failure !== "");
  });

  it("comes again and again, after a time with jitter, for each connection", async () => {
    const clock = new FakeClock();
    const { proxy, open, events } = await line({ clock, random: () => 0.5 });
    await proxy.set({ cutEveryMs: 10_000, cutJitterMs: 1_000, cutBy: "end" });
    for (let round = 1; round <= 3; round += 1) {
      const { client, server } = await open();
      clock.advance(10_499);
      await settled();
      expect(client.isUntouched).toBe(true);
      clock.advance(1);
      await until(() => client.hasEnded && server.hasEnded);
      client.socket.end();
      server.socket.end();
      await until(() => proxy.connections().length === 0);
    }
    expect(events.filter(({ kind }) => kind === "cut")).toHaveLength(3);
    expect(clock.size).toBe(0);
  });
});

describe("connections to come", () => {
  it("are refused, while open ones stay, and let in again at the same port", async () => {
    const { proxy, open } = await line();
    const { client, server } = await open();
    const { port } = proxy;
    await proxy.set({ refuse: true });
    const refused = dial(port);
    await until(() => refused.socket.destroyed);
    expect(refused.failure).toBe("ECONNREFUSED");
    client.socket.write("still here");
    await until(() => server.text === "still here");
    await proxy.clear();
    expect(proxy.port).toBe(port);
    const next = await open();
    next.client.socket.write("back");
    await until(() => next.server.text === "back");
  });

  it("are refused and let in as the last of several calls says", async () => {
    const { proxy, open } = await line();
    await Promise.all([proxy.set({ refuse: true }), proxy.clear(), proxy.set({ refuse: true }), proxy.clear()]);
    await open();
    await Promise.all([proxy.clear(), proxy.set({ refuse: true }), proxy.clear(), proxy.set({ refuse: true })]);
    const refused = dial(proxy.port);
    await until(() => refused.failure === "ECONNREFUSED");
  });

  it("says when another process took the port meanwhile", async () => {
    const { proxy, served } = await line();
    await proxy.set({ refuse: true });
    const { port } = proxy;
    const squatter = await createFaultProxy({ to: { host: "127.0.0.1", port: served.port }, listen: { port } });
    await expect(proxy.clear()).rejects.toThrow("EADDRINUSE");
    await squatter.close();
    await proxy.clear();
    const client = dial(port);
    await until(() => served.ends.length === 1 && client.isUntouched);
  });

  it("hang: accepted, and the server does not hear of them before it is taken back", async () => {
    const { proxy, served } = await line();
    await proxy.set({ hang: true, delayMs: 1 });
    const client = dial(proxy.port);
    client.socket.write("hello?");
    await until(() => proxy.connections()[0]?.up.readBytes === 6);
    await settled();
    expect(proxy.connections()[0]?.state).toBe("held");
    expect([client.isUntouched, served.ends.length]).toEqual([true, 0]);
    await proxy.clear();
    await until(() => served.ends[0]?.text === "hello?");
    expect(proxy.connections()[0]?.state).toBe("open");
  });

  it.each(["reset", "end"] as const)("hang, and can be cut by %s", async (how) => {
    const { proxy, served } = await line();
    await proxy.set({ hang: true });
    const client = dial(proxy.port);
    await until(() => proxy.connections().length === 1);
    proxy.cut(how);
    await until(() => client.hasEnded || client.failure === "ECONNRESET");
    expect(client.hasEnded).toBe(how === "end");
    await proxy.clear();
    client.socket.end();
    await until(() => proxy.connections().length === 0);
    expect(served.ends).toHaveLength(0);
  });

  it("are reset when the server cannot be reached", async () => {
    const gone = await createFaultProxy({ to: { host: "127.0.0.1", port: 1 } });
    await gone.close();
    const proxy = await createFaultProxy({ to: { host: "127.0.0.1", port: gone.port } });
    const closed = new Promise((resolve) => void proxy.watch((event) => event.kind === "closed" && resolve(event)));
    const client = dial(proxy.port);
    await expect(closed).resolves.toMatchObject({ cause: "server unreachable", upBytes: 0 });
    await until(() => client.failure === "ECONNRESET");
    await proxy.close();
  });
});

describe("events and close", () => {
  it("tells listeners until they cancel, also when one watches twice", async () => {
    const { proxy } = await line();
    const heard: string[] = [];
    const listener = ({ kind }: { readonly kind: string }): void => void heard.push(kind);
    const cancel = proxy.watch(listener);
    proxy.watch(listener);
    await proxy.set({ delayMs: 5 }, { connection: "new", direction: "up" });
    cancel();
    cancel();
    await proxy.clear();
    expect(heard).toEqual(["fault", "fault", "fault"]);
  });

  it("leaves no socket and no timer, in whatever state connections are", async () => {
    const sockets = (): number => process.getActiveResourcesInfo().filter((name) => name.startsWith("TCP")).length;
    const served = await tcpServer();
    const before = sockets();
    const clock = new FakeClock();
    const proxy = await createFaultProxy({ to: { host: "127.0.0.1", port: served.port }, clock });
    const clients = Array.from({ length: 6 }, () => dial(proxy.port));
    await until(() => served.ends.length === 6 && proxy.connections().every(({ state }) => state === "open"));
    for (const { socket } of clients) socket.write("x");
    await proxy.set({ cutEveryMs: 5_000 });
    await proxy.set({ halfOpen: true }, { connection: 1 });
    await proxy.set({ delayMs: 500 }, { connection: 2 });
    await proxy.set({ stopReading: true, stopWriting: true }, { connection: 3 });
    await proxy.set({ bytesPerSecond: 1, sliceBytes: 1 }, { connection: 4 });
    proxy.cut("end", { connection: 5 });
    for (const { socket } of clients) socket.write("more");
    await proxy.set({ hang: true }, { connection: "new" });
    clients.push(dial(proxy.port));
    await until(() => proxy.connections().some(({ state }) => state === "held"));
    expect(clock.size).toBeGreaterThan(2);
    const closing = proxy.close();
    expect(proxy.close()).toBe(closing);
    await closing;
    expect(proxy.connections()).toEqual([]);
    expect(clock.size).toBe(0);
    for (const { socket } of [...clients, ...served.ends]) socket.destroy();
    await until(() => sockets() <= before);
    const refused = dial(proxy.port);
    await until(() => refused.failure === "ECONNREFUSED");
  });
});
