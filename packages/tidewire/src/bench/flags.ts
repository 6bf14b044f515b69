// The flags of `tidewire bench`, each checked once.
import type { Command } from "commander";
import { SettingsError } from "../host/settings.ts";
import type { RemoteOptions } from "./server/remote-publisher.ts";
import type { Wire } from "./load/speech.ts";

/** What commander makes of the command line. */
export type BenchFlags = Readonly<Partial<Record<(typeof numbers)[number] | (typeof texts)[number], string>>>;

export interface LoadSettings {
  readonly name: string;
  readonly rate: number;
  readonly burst: number;
}

export interface BenchSettings {
  /** `null`: a Tidewire of its own. */
  readonly remote: RemoteOptions | null;
  readonly wire: Wire;
  readonly channel: string;
  /** What to ask for; `null`: the wire's own path. */
  readonly path: string | null;
  readonly subscribers: number;
  readonly loads: readonly LoadSettings[];
  readonly seconds: number;
  readonly bytes: number;
  readonly processes: number;
}

const numbers = ["subscribers", "rate", "burst", "seconds", "bytes", "processes"] as const;
const texts = ["wire", "channel", "apiKey"] as const;

/** The wires by the names that people give them, and how a server that is not ours is published to. */
const wires: Readonly<Record<string, { readonly wire: Wire; readonly by: RemoteOptions["by"] }>> = {
  json: { wire: "centrifuge-json", by: "centrifuge" },
  protobuf: { wire: "centrifuge-protobuf", by: "centrifuge" },
  sse: { wire: "sse", by: "post" },
  plain: { wire: "bare", by: "message" },
};

const usualLoads: readonly LoadSettings[] = [
  { name: "one at a time", rate: 100, burst: 1 },
  { name: "bursts of ten", rate: 1_000, burst: 10 },
];
/** Below what a client may publish. */
const clientRate = 20;
/** The mark, and what is around it. */
const leastBytes = 56;
const mostBytes = 60_000;

export function addFlags(command: Command): Command {
  return command
    .argument("[url]", "a server's address, such as ws://localhost:8080 (default: a Tidewire of its own, in memory)")
    .option(
      "--wire <name>",
      "json, protobuf (both Centrifuge), sse or plain: each message is a publication (default: by the URL's path)",
    )
    .option("--channel <name>", "the channel (default public:bench)")
    .option("--api-key <key>", "publish by the server's API instead of as a client does")
    .option("--subscribers <n>", "connections, each subscribed to the channel (default 1000)")
    .option("--rate <n>", "publications a second (default: 100, then 1000 in bursts; 20 to a URL)")
    .option("--burst <n>", "how many of them at once (default 1)")
    .option("--seconds <n>", "of publishing (default 5)")
    .option("--bytes <n>", `of a publication, ${leastBytes} to ${mostBytes} (default 100)`)
    .option("--processes <n>", "of the load generator (default 1)");
}

/** @throws {SettingsError} which names the flag, what was expected and what came. */
export function readBenchFlags(url: string | undefined, flags: BenchFlags): BenchSettings {
  const { pathname, href } = url === undefined ? { pathname: "/", href: null } : parseUrl(url);
  const name = flags.wire ?? wireFor(pathname);
  const spoken = Object.hasOwn(wires, name) ? wires[name] : undefined;
  if (spoken === undefined)
    throw new SettingsError(`--wire: expected json, protobuf, sse or plain, got ${quote(name)}`);
  const { wire, by } = spoken;
  if (href === null && wire === "bare") throw new SettingsError("--wire: plain is for a server with a URL");
  const channel = href === null ? "bench:0" : (flags.channel ?? "public:bench");
  const isCentrifuge = by === "centrifuge";
  const path = pathname === "/" && wire !== "bare" ? pathOf(wire, channel) : pathname;
  const rate = positive("rate", flags.rate);
  const asked = { name: "as asked", rate: rate ?? clientRate, burst: positive("burst", flags.burst) ?? 1 };
  const bytes = positive("bytes", flags.bytes) ?? 100;
  if (bytes < leastBytes || bytes > mostBytes) {
    throw new SettingsError(`--bytes: expected ${leastBytes} to ${mostBytes}, got ${bytes}`);
  }
  const apiKey = flags.apiKey ?? null;
  return {
    remote: href === null ? null : { url: new URL(path, href).href, channel, by: apiKey === null ? by : "api", apiKey },
    wire,
    channel,
    path: isCentrifuge && href === null ? null : path,
    subscribers: positive("subscribers", flags.subscribers) ?? 1_000,
    loads: href === null && rate === null ? usualLoads : [asked],
    seconds: positive("seconds", flags.seconds) ?? 5,
    bytes,
    processes: positive("processes", flags.processes) ?? 1,
  };
}

function parseUrl(text: string): { pathname: string; href: string } {
  const url = URL.parse(text.replace(/^http/, "ws"));
  if (url?.protocol === "ws:" && url.hostname !== "") {
    return { pathname: `${url.pathname}${url.search}`, href: url.href };
  }
  throw new SettingsError(`expected a URL that begins with ws:// (TLS is not spoken), got ${quote(text)}`);
}

function wireFor(pathname: string): string {
  return pathname === "/" || pathname.includes("/connection/") ? "json" : "plain";
}

function pathOf(wire: Wire, channel: string): string {
  return wire === "sse" ? `/raw/${encodeURIComponent(channel)}` : "/connection/websocket";
}

function positive(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new SettingsError(`--${name}: expected a positive integer, got ${quote(text)}`);
}

function quote(text: string): string {
  return JSON.stringify(text);
}
