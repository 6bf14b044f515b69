// What the Redis server is: whether the engine can work with it, and what its acks are worth.
import { fail } from "@tidewire/protocol";
import type { Durability } from "../../engine/engine.ts";

export interface ServerFacts {
  /** For the log: "redis 7.0.15". */
  readonly name: string;
  readonly durability: Durability;
  /** A node of a cluster: others may have the keys. */
  readonly isClustered: boolean;
  /** What an operator should know, though the engine works. */
  readonly warning: string | null;
}

const durabilities: readonly Durability[] = ["volatile", "process", "fsync", "quorum"];

/** Of several servers, each of which has a part. */
export function durabilityOfAll(all: readonly Pick<ServerFacts, "durability">[]): Durability {
  const ranks = all.map(({ durability }) => durabilities.indexOf(durability));
  return durabilities[Math.min(...ranks)] ?? "volatile";
}

type Ask = (args: readonly string[]) => Promise<unknown>;

const leastVersion = 7;

/**
 * @param claimsDurable Whether the operator said that this store loses nothing when it is started again.
 * @throws {TidewireError} `engine_unavailable`, in words for the operator.
 */
export async function readFacts(ask: Ask, claimsDurable: boolean): Promise<ServerFacts> {
  const info = infoOf(String(await ask(["INFO"])));
  // As long as it reads its file it says that it writes none, and acks would promise nothing from then on.
  if (info.get("loading") === "1") fail("engine_unavailable", "Redis is loading what it kept");
  const settings = await settingsOf(ask);
  const name = nameOf(info);
  const problem = problemOf(info, name);
  if (problem !== null) fail("engine_unavailable", problem);
  const durability = durabilityOf(info, settings);
  if (claimsDurable && settings !== null && durability !== "fsync") {
    const said = `appendonly ${settings["appendonly"] ?? "?"} and appendfsync ${settings["appendfsync"] ?? "?"}`;
    fail("engine_unavailable", `a durable Redis has appendonly yes and appendfsync always, this one has ${said}`);
  }
  const isClustered = info.get("cluster_enabled") === "1";
  const warning =
    settings === null ? "CONFIG GET is not allowed here, so nobody can know whether it syncs: acks are volatile" : null;
  return { name, durability, isClustered, warning };
}

function infoOf(text: string): ReadonlyMap<string, string> {
  const lines = text.split(/\r?\n/).filter((each) => each.includes(":"));
  return new Map(lines.map((each) => [each.slice(0, each.indexOf(":")), each.slice(each.indexOf(":") + 1)]));
}

/** Managed servers often refuse to say. */
async function settingsOf(ask: Ask): Promise<Readonly<Record<string, string>> | null> {
  const settings: Record<string, string> = {};
  try {
    for (const name of ["appendonly", "appendfsync"]) {
      const reply = await ask(["CONFIG", "GET", name]);
      settings[name] = String(valueIn(reply, name));
    }
    return settings;
  } catch (thrown) {
    // Any other failure shows itself at the next command.
    if (/^(NOPERM|ERR) /.test(thrown instanceof Error ? thrown.message : "")) return null;
    throw thrown;
  }
}

/** A map of RESP3 or a list of RESP2. */
function valueIn(reply: unknown, name: string): unknown {
  if (Array.isArray(reply)) return reply[1];
  if (reply instanceof Map) return [...(reply as ReadonlyMap<unknown, unknown>).values()][0];
  return (Object(reply) as Readonly<Record<string, unknown>>)[name];
}

function nameOf(info: ReadonlyMap<string, string>): string {
  const valkey = info.get("valkey_version");
  return valkey === undefined ? `redis ${info.get("redis_version") ?? "of no version"}` : `valkey ${valkey}`;
}

function problemOf(info: ReadonlyMap<string, string>, name: string): string | null {
  const version = Number.parseInt(info.get("redis_version") ?? "", 10);
  if (!(version >= leastVersion)) return `Redis ${leastVersion} or newer was expected, or Valkey, got ${name}`;
  // A replica in a cluster says who has the keys as well as a primary does, and sends on whoever asks it for some.
  if (info.get("role") !== "master" && info.get("cluster_enabled") !== "1")
    return `a primary was expected, got a ${info.get("role") ?? "server"} of ${name}`;
  const policy = info.get("maxmemory_policy") ?? "noeviction";
  if (info.get("maxmemory") !== "0" && policy.startsWith("allkeys")) {
    return `maxmemory-policy noeviction was expected, got ${policy}, which forgets where channels end`;
  }
  return null;
}

/** One that does not sync each write also answers before it has written anything, where its disk is slow or full (decision 0032). */
function durabilityOf(
  info: ReadonlyMap<string, string>,
  settings: Readonly<Record<string, string>> | null,
): Durability {
  return info.get("aof_enabled") === "1" && settings?.["appendfsync"] === "always" ? "fsync" : "volatile";
}
