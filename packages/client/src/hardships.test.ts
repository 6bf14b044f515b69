// Any sequence of what platforms, networks, servers, token functions and applications do to a client.
import { TidewireError } from "@tidewire/protocol";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FakeClock } from "../test/fake-clock.ts";
import { FickleServer, type Manner } from "../test/fickle-server.ts";
import { FakePage } from "../test/stage.ts";
import { type Cancel, type Client, createClient, type PageChange } from "./index.ts";

/** How the application's function gets a token. */
type TokenManner = "gives" | "throws" | "hangs" | "gives nothing" | "fails" | "is denied";

/** One thing that happens. */
type Happening =
  | { readonly kind: "manner"; readonly manner: Manner }
  | { readonly kind: "tokens"; readonly manner: TokenManner }
  | { readonly kind: "page"; readonly change: PageChange }
  | { readonly kind: "passes"; readonly ms: number }
  | { readonly kind: "sleep" | "wall"; readonly ms: number }
  | { readonly kind: "closed"; readonly code: number }
  | { readonly kind: "frame"; readonly frame: string }
  | { readonly kind: "connect" | "retry" | "close" | "open" | "leave" | "publish" | "late token" };

const codes = [
  1000, 1001, 1005, 1006, 1009, 1011, 1013, 3000, 3001, 3005, 3008, 3012, 3014, 3500, 3502, 3503, 4000, 4500,
];
const errorCodes = [7, 100, 101, 103, 107, 109, 110, 111, 503, 529];
const frames = [
  "hello",
  '{"push":{"channel":"news"',
  "null",
  '{"id":9999,"rpc":{}}',
  '{"id":1,"connect":{"client":7}}',
  '{"id":1}',
  '{"id":2,"error":{"code":"x"}}',
  '{"push":{"channel":"news","pub":{"data":1,"offset":1}}}',
  '{"push":{"channel":"news","unsubscribe":{"code":2501,"reason":"subscription expired"}}}',
  '{"push":{"channel":"news","unsubscribe":{"code":2500,"reason":"insufficient state"}}}',
  '{"push":{"channel":"news","unsubscribe":{"code":2000,"reason":"server unsubscribe"}}}',
  '{"push":{"disconnect":{"code":3503,"reason":"force disconnect"}}}',
  '{"push":{"disconnect":{"code":3001,"reason":"shutdown"}}}',
  '{"push":{"channel":"nobody","join":{"info":{}}}}',
  `{"push":{"channel":"news","pub":{"data":"${"x".repeat(2_000_000)}"}}}`,
  "{}\n".repeat(5_000),
  "\n\n",
];

const code = fc.constantFrom(...codes);
const methods = fc.constantFrom("connect", "subscribe", "refresh", "sub_refresh", "unsubscribe", "rpc");
const manners: fc.Arbitrary<Manner> = fc.oneof(
  fc.constantFrom("well", "refuses", "hangs in upgrade", "hangs in connect").map((kind): Manner => ({ kind })),
  code.map((is): Manner => ({ kind: "closes", code: is })),
  fc.constantFrom(...frames).map((frame): Manner => ({ kind: "says", frame })),
  methods.map((method): Manner => ({ kind: "ignores", method })),
  fc
    .record({ method: methods, code: fc.constantFrom(...errorCodes), temporary: fc.boolean() })
    .map((error): Manner => ({ kind: "errs", ...error })),
);

const happenings: fc.Arbitrary<Happening> = fc.oneof(
  { arbitrary: manners.map((manner): Happening => ({ kind: "manner", manner })), weight: 4 },
  fc
    .constantFrom<TokenManner>("gives", "throws", "hangs", "gives nothing", "fails", "is denied")
    .map((manner): Happening => ({ kind: "tokens", manner })),
  {
    arbitrary: fc
      .constantFrom<PageChange>("online", "offline", "visible", "hidden")
      .map((change): Happening => ({ kind: "page", change })),
    weight: 2,
  },
  {
    arbitrary: fc
      .oneof(fc.integer({ min: 0, max: 1_200 }), fc.integer({ min: 0, max: 40_000 }))
      .map((ms): Happening => ({ kind: "passes", ms })),
    weight: 8,
  },
  fc.integer({ min: 0, max: 36_000_000 }).map((ms): Happening => ({ kind: "sleep", ms })),
  fc.integer({ min: -3_600_000, max: 3_600_000 }).map((ms): Happening => ({ kind: "wall", ms })),
  { arbitrary: code.map((is): Happening => ({ kind: "closed", code: is })), weight: 2 },
  { arbitrary: fc.constantFrom(...frames).map((frame): Happening => ({ kind: "frame", frame })), weight: 2 },
  {
    arbitrary: fc
      .constantFrom("connect", "retry", "close", "open", "leave", "publish", "late token")
      .map((kind): Happening => ({ kind })),
    weight: 8,
  },
);

/** Pings come as often as the server says, so that silence means something. */
const pingMs = 25_000;

/** A client, and all that it depends on. */
class World {
  readonly clock = new FakeClock();
  readonly page = new FakePage();
  readonly server = new FickleServer(this.clock);
  readonly client: Client;
  /** When a token was asked for. */
  readonly tokensMs: number[] = [];
  readonly errors: unknown[] = [];
  tokens: TokenManner = "gives";
  readonly #options: { readonly expires: boolean };
  #hanging: ((token: string) => void)[] = [];
  #openers: Cancel[] = [];

  constructor(options: { readonly random: () => number; readonly expires: boolean }) {
    this.#options = options;
    if (options.expires) this.server.greeting = { ping: 25, pong: true, expires: true, ttl: 45 };
    this.client = createClient({
      url: "fickle:",
      transport: this.server,
      clock: this.clock,
      page: this.page,
      random: options.random,
      onError: (error) => void this.errors.push(error),
      token: () => {
        this.tokensMs.push(this.clock.now());
        return this.#token();
      },
    });
    const channel = this.client.channel("news");
    channel.onPublication(() => undefined);
  }

  async happens(happening: Happening): Promise<void> {
    if (happening.kind === "passes") return await this.passes(happening.ms);
    const wasClosed = this.client.state.kind === "closed";
    this.#act(happening);
    if (happening.kind === "close" && !wasClosed) {
      expect(this.clock.size).toBe(0);
      expect(this.page.watchers).toBe(0);
    }
    await settled();
  }

  /** Lets time pass as it does: timer by timer, with the answers of all that is asked meanwhile. */
  async passes(ms: number): Promise<void> {
    let leftMs = ms;
    for (;;) {
      const nextMs = this.clock.nextMs;
      const stepMs = Math.min(leftMs, pingMs, nextMs === null ? Infinity : Math.max(0, nextMs));
      this.clock.advance(stepMs);
      leftMs -= stepMs;
      if (stepMs === pingMs) this.server.ping();
      await settled();
      if (leftMs <= 0) return;
    }
  }

  /** All is well from now on, and the page says so where it said otherwise. */
  async heals(): Promise<void> {
    this.server.manner = { kind: "well" };
    this.tokens = "gives";
    if (!this.page.online) this.page.become("online");
    // What was said for good before it healed may still be on its way.
    await settled();
    this.client.connect();
    this.#open();
    await settled();
  }

  /** The channel's own token is got like the connection's, as often as the server wants one. */
  #open(): void {
    const token = (): Promise<string> => this.#token();
    this.#openers.push(this.client.channel("news").open(this.#options.expires ? { token } : {}));
  }

  #token(): Promise<string> {
    switch (this.tokens) {
      case "gives":
        return Promise.resolve("token");
      case "gives nothing":
        return Promise.resolve("");
      case "fails":
        return Promise.reject(new Error("no network"));
      case "is denied":
        return Promise.reject(new TidewireError("denied", "not you"));
      case "hangs":
        return new Promise((resolve) => void this.#hanging.push(resolve));
      case "throws":
        throw new Error("mine");
    }
  }

  #act(happening: Exclude<Happening, { readonly kind: "passes" }>): void {
    const { client, clock, page, server } = this;
    switch (happening.kind) {
      case "manner":
        server.manner = happening.manner;
        return;
      case "tokens":
        this.tokens = happening.manner;
        return;
      case "page":
        return page.become(happening.change);
      case "sleep":
        return clock.sleep(happening.ms);
      case "wall":
        clock.wallAheadMs += happening.ms;
        return;
      case "closed":
        return server.close(happening.code);
      case "frame":
        return server.say(happening.frame);
      case "connect":
        return client.connect();
      case "retry":
        return client.retry();
      case "close":
        return client.close();
      case "open":
        return this.#open();
      case "leave":
        this.#openers.shift()?.();
        return;
      case "publish":
        client
          .channel("news")
          .publish(1)
          .catch(() => undefined);
        return;
      case "late token":
        for (const resolve of this.#hanging.splice(0)) resolve("late");
    }
  }
}

/** Long enough for every promise that is settled to be heard of. */
function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** At most two in any window of one second, both ends included. */
function expectSpaced(timesMs: readonly number[]): void {
  for (const [index, ms] of timesMs.entries()) {
    const third = timesMs[index + 2];
    if (third !== undefined) expect(third - ms).toBeGreaterThan(1_000);
  }
}

/** What it shows is what it does: whoever waits has a timer, whoever is connected a socket, whoever has ended neither. */
function expectHonest({ client, clock, server }: World): void {
  const { state } = client;
  if (state.kind === "waiting" || state.kind === "offline" || state.kind === "connecting") {
    expect(clock.nextMs, state.kind).not.toBeNull();
    expect(clock.nextMs, state.kind).toBeLessThanOrEqual(20_000);
  }
  if (state.kind === "waiting") expect(state.delayMs).toBeLessThanOrEqual(20_000);
  if (state.kind === "connected") expect(server.isOpen).toBe(true);
  expect(server.sockets).toBeLessThanOrEqual(state.kind === "connected" || state.kind === "connecting" ? 1 : 0);
}

const rejections: unknown[] = [];
const note = (reason: unknown): void => void rejections.push(reason);
beforeEach(() => void process.on("unhandledRejection", note));
afterEach(() => void process.off("unhandledRejection", note));

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

// What hangs when all heals is found within 35 s, or is a phase of an attempt, which may take ten; then comes the longest wait.
const healedMs = 35_000 + 20_000 + 2_000;

test("whatever happens: two attempts a second at most, an honest state, and back when all is well", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(happenings, { minLength: 1, maxLength: 40 }),
      chance,
      fc.record({ expires: fc.boolean(), begins: fc.boolean(), closes: fc.boolean() }),
      async (story, luck, { expires, begins, closes }) => {
        const world = new World({ random: () => luck, expires });
        if (begins) for (const kind of ["connect", "open"] as const) await world.happens({ kind });
        for (const happening of story) {
          await world.happens(happening);
          expectHonest(world);
        }
        if (closes) await world.happens({ kind: "close" });
        await world.heals();
        await world.passes(healedMs);
        expect(world.client.state.kind).toBe("connected");
        await world.passes(healedMs);
        expect(world.client.channel("news").status.kind).toMatch(/^(live|paused)$/);
        expectSpaced(world.server.attemptsMs);
        expectSpaced(world.tokensMs);
        world.client.close();
        expect(world.clock.size).toBe(0);
        expect(world.page.watchers).toBe(0);
        expect(world.server.sockets).toBe(0);
        await settled();
        expect(rejections).toEqual([]);
        expect(world.errors).toEqual([]);
      },
    ),
    { numRuns: 2_000 },
  );
}, 120_000);
