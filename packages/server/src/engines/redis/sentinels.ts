// Which server is the primary, by the Sentinels that watch it.
import { fail } from "@tidewire/protocol";
import type { Clock } from "../../ports/clock.ts";
import { type Address, addressOf, nameOf } from "./address.ts";
import type { RedisClient } from "./redis-client.ts";
import { askAll, askServer } from "./single-question.ts";

/** The Sentinels of a Redis: they say which server is the primary, at the start and whenever it has changed. */
export interface RedisSentinels {
  /** What they call it: as in their `sentinel monitor`. */
  readonly name: string;
  /** A client for each of them, with their own password and TLS; a few that are not there do no harm. */
  readonly clients: readonly RedisClient[];
}

interface Said {
  readonly address: Address;
  /** Rises with each failover, so that a Sentinel which has not heard of the last one is not believed. */
  readonly failovers: number;
}

export class Sentinels {
  readonly #sentinels: RedisSentinels;
  readonly #clock: Clock;
  /** What was believed last. */
  #known: Said | null = null;

  /** @throws {TypeError} when nobody can be asked. */
  constructor(sentinels: RedisSentinels, clock: Clock) {
    if (sentinels.clients.length === 0) throw new TypeError("a client for each Sentinel was expected, got none");
    if (sentinels.name === "") throw new TypeError("the name of a primary was expected, got nothing");
    this.#sentinels = sentinels;
    this.#clock = clock;
  }

  /** @throws {TidewireError} `engine_unavailable`: none of them names one. */
  async primary(): Promise<Address> {
    const { newest, reasons } = await this.#askAll();
    // Sentinels that were set up anew count from the start: what was known before is forgotten.
    this.#known = newest;
    if (newest !== null) return newest.address;
    const { name, clients } = this.#sentinels;
    return fail(
      "engine_unavailable",
      `no Sentinel of ${clients.length} names a primary "${name}": ${[...reasons].join("; ")}`,
    );
  }

  /** Another one since `primary` was asked; `null` where there is none, or nobody says so. */
  async successor(): Promise<Address | null> {
    const { newest } = await this.#askAll();
    const known = this.#known;
    if (newest === null || known === null || newest.failovers <= known.failovers) return null;
    return nameOf(newest.address) === nameOf(known.address) ? null : newest.address;
  }

  async #askAll(): Promise<{ readonly newest: Said | null; readonly reasons: ReadonlySet<string> }> {
    const { answers, reasons } = await askAll(this.#sentinels.clients, this.#clock, (client) => this.#ask(client));
    const newest = Math.max(...answers.map(({ failovers }) => failovers));
    return { newest: answers.find(({ failovers }) => failovers === newest) ?? null, reasons };
  }

  async #ask(client: RedisClient): Promise<Said> {
    const [reply] = await askServer(client, this.#clock, [["SENTINEL", "MASTER", this.#sentinels.name]]);
    const fields = fieldsOf(reply);
    const address = addressOf(fields.get("ip"), fields.get("port"));
    const failovers = Number(fields.get("config-epoch"));
    if (address === null || !Number.isSafeInteger(failovers)) throw new Error("an address was expected of a Sentinel");
    return { address, failovers };
  }
}

/** A map of RESP3 or a list of RESP2. */
function fieldsOf(reply: unknown): ReadonlyMap<string, string> {
  if (!Array.isArray(reply)) {
    const entries =
      reply instanceof Map ? [...(reply as ReadonlyMap<unknown, unknown>)] : Object.entries(Object(reply) as object);
    return new Map(entries.map(([name, value]) => [String(name), String(value)]));
  }
  const fields = new Map<string, string>();
  for (let index = 0; index + 1 < reply.length; index += 2) fields.set(String(reply[index]), String(reply[index + 1]));
  return fields;
}
