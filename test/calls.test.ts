// Calls over real sockets: deadlines, cancellation and the end of a connection, with our client and the official SDK.
import { type Client, createClient } from "@tidewire/client";
import { defineCall } from "@tidewire/protocol";
import type { CallContext } from "@tidewire/server";
import { expect, onTestFinished, test } from "vitest";
import { connected } from "./centrifuge-client.ts";
import { serve, type Served } from "./serving.ts";

const work = defineCall("work");
/** The same, with little time. */
const brief = defineCall("brief");

/** One time that the handler was entered. */
interface Entered {
  readonly input: unknown;
  readonly signal: AbortSignal;
  readonly end: (output: unknown) => void;
}

/** A server whose handlers end when the test says so. */
async function working(): Promise<{ served: Served; entered: Entered[]; enters: Entrances }> {
  const served = await serve();
  const entered: Entered[] = [];
  let look = (): void => undefined;
  const handler = (input: unknown, { signal }: CallContext): Promise<unknown> =>
    new Promise((end) => {
      entered.push({ input, signal, end });
      look();
    });
  served.tide.handle(work, handler);
  served.tide.handle(brief, handler, { deadlineMs: 100 });
  const enters: Entrances = (count = 1) =>
    new Promise((resolve) => {
      look = () => {
        const found = entered[count - 1];
        if (found !== undefined) resolve(found);
      };
      look();
    });
  return { served, entered, enters };
}

/** Resolves when the handler was entered so many times, with the last of them. */
type Entrances = (count?: number) => Promise<Entered>;

function connectTo({ socketUrl }: Served): Client {
  const client = createClient({ url: `${socketUrl}/connection/websocket` });
  onTestFinished(() => client.close());
  client.connect();
  return client;
}

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (result) => `no failure, but ${JSON.stringify(result)}`,
    (error: unknown) => error,
  );

const aborted = (signal: AbortSignal): Promise<unknown> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason);
    else signal.addEventListener("abort", () => resolve(signal.reason));
  });

test("an aborted signal tells the handler, whose result is dropped, and the next call is answered", async () => {
  const { served, enters } = await working();
  const client = connectTo(served);
  const stop = new AbortController();
  const first = failure(client.call(work, "first", { signal: stop.signal }));
  const { end, signal } = await enters();
  stop.abort("typed on");
  expect(await first).toBe("typed on");
  expect(await aborted(signal)).toMatchObject({ reason: "canceled" });
  end("late");
  const second = client.call(work, "second");
  (await enters(2)).end("in time");
  expect(await second).toBe("in time");
  expect(served.tide.stats().counters).toMatchObject({ calls_canceled: 1, call_results_dropped: 1 });
});

test("a client's time that is over ends the handler's work too", async () => {
  const { served, enters } = await working();
  const client = connectTo(served);
  const call = failure(client.call(work, 1, { timeoutMs: 1_000 }));
  const { signal } = await enters();
  expect(await call).toMatchObject({ reason: "indeterminate" });
  // Its cancel and the server's own clock race.
  expect(["canceled", "timed_out"]).toContain(((await aborted(signal)) as { reason: string }).reason);
});

test("a call that was sent when its connection broke is not repeated, and its handler is told", async () => {
  const { served, entered, enters } = await working();
  const client = connectTo(served);
  const call = failure(client.call(work, 1));
  const { signal } = await enters();
  const { state } = client;
  expect(state.kind === "connected" && served.tide.cut(state.session)).toBe(true);
  expect(await call).toMatchObject({ reason: "indeterminate" });
  expect(await aborted(signal)).toMatchObject({ reason: "canceled", message: "its connection has ended" });
  const next = client.call(work, 2);
  client.retry();
  (await enters(2)).end("again");
  expect(await next).toBe("again");
  expect(entered.map(({ input }) => input)).toEqual([1, 2]);
});

test("the official SDK hears of the server's deadline, and of what it cancels, and goes on", async () => {
  const { served, enters } = await working();
  const ann = await connected(served.socketUrl);
  const late = failure(ann.rpc("brief", 1));
  const { signal } = await enters();
  expect(await late).toMatchObject({ code: 504, temporary: true });
  expect(await aborted(signal)).toMatchObject({ reason: "timed_out" });
  // The commands of this client were connect, 1, and the call, 2.
  const canceled = failure(ann.rpc("work", 2));
  await enters(2);
  expect(await ann.rpc("tide.cancel", { id: 3 })).toEqual({ data: {} });
  expect(await canceled).toMatchObject({ code: 504, message: "it was canceled after it had begun" });
  const next = ann.rpc("work", 3);
  (await enters(3)).end("done");
  expect(await next).toEqual({ data: "done" });
});
