// The client before a hostile server: its handler of frames throws nothing, and it neither spins nor leaves a timer behind.
import { type Client, createClient, type Page, type TransportEvents } from "@tidewire/client";
import { latestOf } from "@tidewire/client/latest";
import { membersOf } from "@tidewire/client/members";
import { FakeClock } from "../../packages/client/test/fake-clock.ts";
import { holds, isSame } from "../oracle.ts";
import { Violation, type Target } from "../target.ts";

const page: Page = { isOnline: () => true, isVisible: () => true, watch: () => () => undefined };
/** Turns of the microtask queue in which everything that was said is worked off. */
const turns = 8;
/** Lines for each thing that a server does: an answer to a ping or a mark, a subscribe or three, a refresh. */
const linesPerEvent = 16;

/** A server of which the input is the script. */
class HostileServer {
  readonly clock = new FakeClock();
  opens = 0;
  lines = 0;
  events: TransportEvents | null = null;

  client(): Client {
    const onError = (error: unknown): void => {
      throw new Violation(`a listener was reported: ${String(error)}`, { cause: error });
    };
    const open = (_url: string, events: TransportEvents): { send(text: string): void; close(): void } => {
      this.opens += 1;
      this.events = events;
      return {
        send: (text) => void (this.lines += text.split("\n").length),
        close: () => (this.events = this.events === events ? null : this.events),
      };
    };
    const { clock } = this;
    return createClient({ url: "ws://server", transport: { open }, clock, page, random: () => 0.5, onError });
  }

  /** A frame, or what a server does besides: {"@close":{"code":3501}}, {"@wait":750}. */
  does(said: string): void {
    const told = instructionIn(said);
    if (told === null) this.events?.received(said);
    else if ("wait" in told) this.clock.advance(told.wait);
    else {
      const { events } = this;
      this.events = null;
      events?.closed(told.code, told.reason);
    }
  }
}

function instructionIn(
  said: string,
): { readonly wait: number } | { readonly code: number; readonly reason: string } | null {
  if (!said.startsWith('{"@')) return null;
  try {
    const { "@wait": wait, "@close": closing } = JSON.parse(said) as Record<string, unknown>;
    if (typeof wait === "number") return { wait: Math.min(Math.max(0, Math.trunc(wait)), 60_000) || 0 };
    const { code, reason } = Object(closing) as { code?: unknown; reason?: unknown };
    // RFC 6455 §7.4: what a socket may tell.
    return {
      code: typeof code === "number" ? Math.trunc(Math.abs(code)) % 5_000 : 1006,
      reason: String(reason).slice(0, 123),
    };
  } catch {
    return null;
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
}

/** What the server does, one thing a paragraph; a frame's messages stand on lines of their own. */
export const target: Target = {
  name: "client",
  shape: "json",
  files: ["client/src/"],
  maxBytes: 32_768,
  seeds: [
    '{"id":1,"connect":{"client":"s","ping":25,"pong":true}}\n\n{"id":2,"subscribe":{"recoverable":true,"epoch":"e","offset":3}}\n{"id":3,"subscribe":{"epoch":"e"}}\n\n{}\n\n{"push":{"channel":"news","pub":{"data":1,"offset":4,"id":"x","time":5,"tags":{"a":"b"},"info":{"client":"c","user":"u","conn_info":{}}}}}\n\n{"mark":7}',
    '{"id":1,"connect":{"client":"s","expires":true,"ttl":60}}\n\n{"id":2,"subscribe":{"recoverable":true,"epoch":"e","offset":3,"was_recovering":true,"recovered":true,"publications":[{"data":1,"offset":2}]}}\n\n{"@close":{"code":3001}}\n\n{"@wait":750}\n\n{"id":1,"connect":{}}',
    '{"id":1,"connect":{}}\n\n{"id":2,"subscribe":{"epoch":"e"}}\n{"id":3,"subscribe":{"epoch":"t","offset":1}}\n\n{"push":{"channel":"table","pub":{"key":"k","data":1,"offset":2}}}\n{"push":{"channel":"table","pub":{"key":"k","removed":true,"offset":3}}}\n\n{"push":{"channel":"table","skipped":{"count":3}}}\n\n{"@wait":1000}',
    '{"id":1,"connect":{}}\n\n{"id":2,"error":{"code":109,"message":"m","temporary":true}}\n\n{"@wait":500}\n\n{"push":{"channel":"news","join":{"info":{"client":"a"}}}}\n\n{"push":{"channel":"news","members":{"clients":3,"users":2}}}\n\n{"push":{"channel":"news","unsubscribe":{"code":2500,"reason":"r"}}}\n\n{"push":{"disconnect":{"code":3014}}}',
    '{"id":1,"connect":{"subs":{"news":{}}}}\n\n{"id":4,"rpc":{"data":{"clients":1,"users":1}}}\n{"id":5,"presence":{"presence":{"a":{"client":"a","user":"u"}}}}\n\n{"push":{"message":{"data":1}}}',
  ],
  words: [
    "news",
    "table",
    "@wait",
    "@close",
    "client",
    "ping",
    "pong",
    "subscribe",
    "connect",
    "recovered",
    "publications",
  ],
  async run(input) {
    const said = Buffer.from(input).toString().split("\n\n").slice(0, 64);
    const server = new HostileServer();
    const client = server.client();
    const stops = opened(client);
    client.connect();
    let [before, opens] = [0, 0];
    for (const each of said) {
      if (server.opens > opens) server.events?.opened();
      opens = server.opens;
      await settled();
      server.does(each);
      await settled();
      const most = before + linesPerEvent * each.split("\n").length;
      holds(server.lines <= most, `it said ${server.lines - before} lines to ${each.slice(0, 100)}`);
      before = server.lines;
    }
    // Three in a second at most, and a minute may pass with each thing that a server does.
    holds(server.opens <= 3 + 200 * said.length, `it opened ${server.opens} connections`);
    for (const stop of stops) stop();
    client.close();
    await settled();
    server.clock.advance(100);
    isSame(server.clock.size, 0, "timers that are left");
  },
};

/** An application that watches everything there is. */
function opened(client: Client): readonly (() => void)[] {
  const news = client.channel("news", { presence: true });
  const table = client.channel("table", { mode: "latest" });
  const seen: unknown[] = [];
  const stops = [
    news.onPublication((publication) => void (seen[0] = publication.data)),
    news.onGap((gap) => void (seen[1] = gap)),
    membersOf(news).subscribe(() => undefined),
    latestOf(table).subscribe(() => undefined),
    news.open(),
  ];
  const call = client.call({ method: "m", inputSchema: null, outputSchema: null }, 1);
  for (const asked of [call, news.history({ limit: 3 }), news.publish({ a: 1 })]) asked.catch(() => undefined);
  return stops;
}
