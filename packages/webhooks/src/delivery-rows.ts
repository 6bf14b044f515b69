// The rows of webhooks: deliveries, how far each endpoint is, and what was told to be so.
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { DeadDelivery, DeliveryQuery, EndpointFigures, EndpointState } from "@tidewire/server";
import { toDate } from "@tidewire/protocol/ports";
import { StoreFull, usedBytes, valueOf } from "./database.ts";
import { type Endpoint, wants } from "./endpoint.ts";
import type { Notice, Standing } from "./notice.ts";

/** A delivery whose time has come. */
export interface Due extends Pick<DeadDelivery, "place" | "id" | "type" | "body" | "attempts"> {
  /** When it was taken, or was last said to be tried anew. */
  readonly sinceMs: number;
}

/** How an attempt ended. */
export type Ending =
  | { readonly kind: "done" }
  | { readonly kind: "again"; readonly dueMs: number; readonly reason: string; readonly message: string }
  | { readonly kind: "dead"; readonly reason: string; readonly message: string };

const dayMs = 86_400_000;
/** So long is it known that something was delivered, and does a dead letter stay. */
const keepDoneMs = dayMs;
const keepDeadMs = 30 * dayMs;
const deletedAtOnce = 500;

type Values = readonly (string | number | null)[];
type Row = Readonly<Record<string, unknown>>;

export class DeliveryRows {
  readonly #database: DatabaseSync;
  readonly #maxFileBytes: number;
  readonly #epoch: string;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync, maxFileBytes: number) {
    this.#database = database;
    this.#maxFileBytes = maxFileBytes;
    this.#epoch = String(valueOf(database, "SELECT name FROM epoch"));
  }

  /** Endpoints that there were before and are no more keep their deliveries, as dead letters. */
  begin(endpoints: readonly Endpoint[], nowMs: number): void {
    const known = new Set(endpoints.map(({ name }) => name));
    this.#commit("FULL", () => {
      for (const { name } of endpoints)
        this.#run("INSERT OR IGNORE INTO endpoints (name, sequence) VALUES (?, 0)", name);
      const waiting = this.#all("SELECT DISTINCT endpoint FROM deliveries WHERE state = 'waiting'");
      for (const name of waiting.map((row) => String(row["endpoint"])).filter((each) => !known.has(each))) {
        const end = "state = 'dead', ended_ms = ?1, reason = 'removed', message = 'there is no such endpoint any more'";
        this.#run(`UPDATE deliveries SET ${end} WHERE state = 'waiting' AND endpoint = ?2`, nowMs, name);
      }
    });
  }

  /** All of them or none, on the disk when it returns. @throws {StoreFull} */
  take(notices: readonly Notice[], endpoints: readonly Endpoint[], nowMs: number): void {
    if (usedBytes(this.#database) >= this.#maxFileBytes) {
      throw new StoreFull(`at most ${this.#maxFileBytes} bytes were expected, more are in use`);
    }
    this.#commit("FULL", () => {
      for (const notice of notices) {
        for (const endpoint of endpoints) if (wants(endpoint, notice.type)) this.#add(endpoint.name, notice, nowMs);
        if (notice.standing !== null) this.#stand(notice.standing);
      }
    });
  }

  /** JSON of each fact that was told to have begun. */
  standing(): readonly string[] {
    return this.#all("SELECT fact FROM standing").map((row) => String(row["fact"]));
  }

  /** This and nothing else was told to have begun. */
  adopt(standing: readonly Standing[]): void {
    this.#commit("FULL", () => {
      this.#run("DELETE FROM standing");
      for (const each of standing) this.#stand(each);
    });
  }

  /** Those that are due, the longest first. */
  due(endpoint: string, nowMs: number, limit: number): readonly Due[] {
    const rows = this.#all(
      "SELECT place, id, type, body, attempts, since_ms FROM deliveries WHERE state = 'waiting' AND endpoint = ?1 " +
        "AND due_ms <= ?2 ORDER BY due_ms, place LIMIT ?3",
      endpoint,
      nowMs,
      limit,
    );
    return rows.map((row) => ({ ...deliveryIn(row), sinceMs: Number(row["since_ms"]) }));
  }

  /** When the next one is due; `null` when none waits. */
  nextDueMs(endpoint: string, nowMs: number): number | null {
    const row = this.#get(
      "SELECT min(due_ms) AS due FROM deliveries WHERE state = 'waiting' AND endpoint = ?1 AND due_ms > ?2",
      endpoint,
      nowMs,
    );
    return typeof row?.["due"] === "number" ? row["due"] : null;
  }

  /** In a power cut this may be lost, and the delivery is then made again: at least once. */
  settle(
    endpoint: string,
    place: number,
    { ending, nowMs }: { readonly ending: Ending; readonly nowMs: number },
  ): void {
    this.#commit("NORMAL", () => {
      const attempt = "UPDATE deliveries SET attempts = attempts + 1,";
      const where = "WHERE place = ?1 AND state = 'waiting'";
      const problem = ending.kind === "done" ? null : ending.message;
      if (ending.kind === "done") {
        this.#run(
          `${attempt} state = 'done', ended_ms = ?2, body = '', reason = '', message = '' ${where}`,
          place,
          nowMs,
        );
      } else if (ending.kind === "again") {
        const { dueMs, reason, message } = ending;
        this.#run(`${attempt} due_ms = ?2, reason = ?3, message = ?4 ${where}`, place, dueMs, reason, message);
      } else {
        const { reason, message } = ending;
        const end = "state = 'dead', ended_ms = ?2, reason = ?3, message = ?4";
        this.#run(`${attempt} ${end} ${where}`, place, nowMs, reason, message);
      }
      this.#run("UPDATE endpoints SET problem = ?2 WHERE name = ?1 AND problem IS NOT ?2", endpoint, problem);
    });
  }

  states(endpoints: readonly Endpoint[]): readonly EndpointState[] {
    return endpoints.map(({ name, url }) => {
      const row = this.#get("SELECT sequence, problem FROM endpoints WHERE name = ?1", name);
      const problem = typeof row?.["problem"] === "string" ? row["problem"] : null;
      const [waiting, dead] = [this.#count("waiting", name), this.#count("dead", name)];
      return { name, url, sequence: Number(row?.["sequence"] ?? 0), waiting, dead, problem };
    });
  }

  /** What there is of an endpoint that waits, and what was given up. */
  depth(endpoint: string, nowMs: number): Pick<EndpointFigures, "waiting" | "oldestWaitingMs" | "dead"> {
    const oldest = "SELECT min(since_ms) AS since FROM deliveries WHERE state = 'waiting' AND endpoint = ?1";
    const sinceMs = this.#get(oldest, endpoint)?.["since"];
    return {
      waiting: this.#count("waiting", endpoint),
      dead: this.#count("dead", endpoint),
      // The time of day may have jumped.
      oldestWaitingMs: typeof sinceMs === "number" ? Math.max(0, nowMs - sinceMs) : 0,
    };
  }

  dead({ endpoint, after, limit }: DeliveryQuery): readonly DeadDelivery[] {
    const rows = this.#all(
      "SELECT place, endpoint, id, type, body, attempts, reason, message, taken_ms, ended_ms FROM deliveries " +
        "WHERE state = 'dead' AND place > ?1 AND (?2 IS NULL OR endpoint = ?2) ORDER BY place LIMIT ?3",
      after,
      endpoint,
      limit,
    );
    return rows.map((row) => ({
      ...deliveryIn(row),
      endpoint: String(row["endpoint"]),
      reason: String(row["reason"]),
      message: String(row["message"]),
      takenMs: Number(row["taken_ms"]),
      deadMs: Number(row["ended_ms"]),
    }));
  }

  /** Those of endpoints that there are. */
  replay(
    { endpoint, id }: { readonly endpoint: string | null; readonly id: string | null },
    endpoints: readonly Endpoint[],
    nowMs: number,
  ): number {
    const again =
      "state = 'waiting', attempts = 0, since_ms = ?1, due_ms = ?1, ended_ms = NULL, reason = '', message = ''";
    const named = endpoints.filter(({ name }) => endpoint === null || name === endpoint);
    return this.#commit("FULL", () =>
      named.reduce((sum, { name }) => {
        const where = "WHERE state = 'dead' AND endpoint = ?2 AND (?3 IS NULL OR id = ?3)";
        return sum + this.#run(`UPDATE deliveries SET ${again} ${where}`, nowMs, name, id);
      }, 0),
    );
  }

  /** Forgets what is over for long. */
  housekeep(nowMs: number): void {
    this.#commit("NORMAL", () => {
      for (const [state, keptMs] of [
        ["done", keepDoneMs],
        ["dead", keepDeadMs],
      ] as const) {
        const old = "SELECT place FROM deliveries WHERE state = ?1 AND ended_ms < ?2 LIMIT ?3";
        this.#run(`DELETE FROM deliveries WHERE place IN (${old})`, state, nowMs - keptMs, deletedAtOnce);
      }
    });
  }

  #count(state: "waiting" | "dead", endpoint: string): number {
    const count = `SELECT count(*) AS n FROM deliveries WHERE state = '${state}' AND endpoint = ?1`;
    return Number(this.#get(count, endpoint)?.["n"] ?? 0);
  }

  #add(endpoint: string, { id, type, atMs, data }: Notice, nowMs: number): void {
    if (this.#get("SELECT 1 FROM deliveries WHERE endpoint = ?1 AND id = ?2", endpoint, id) !== undefined) return;
    const row = this.#get("UPDATE endpoints SET sequence = sequence + 1 WHERE name = ?1 RETURNING sequence", endpoint);
    const rest = {
      type,
      timestamp: toDate(atMs).toISOString(),
      epoch: this.#epoch,
      sequence: Number(row?.["sequence"]),
    };
    this.#run(
      "INSERT INTO deliveries (endpoint, id, type, body, state, taken_ms, since_ms, due_ms) " +
        "VALUES (?1, ?2, ?3, ?4, 'waiting', ?5, ?5, ?5)",
      endpoint,
      id,
      type,
      `${JSON.stringify(rest).slice(0, -1)},"data":${data}}`,
      nowMs,
    );
  }

  #stand({ key, fact }: Standing): void {
    if (fact === null) this.#run("DELETE FROM standing WHERE key = ?1", key);
    else this.#run("INSERT OR REPLACE INTO standing (key, fact) VALUES (?1, ?2)", key, fact);
  }

  #commit<Result>(safety: "FULL" | "NORMAL", act: () => Result): Result {
    this.#database.exec(`PRAGMA synchronous = ${safety}; BEGIN IMMEDIATE`);
    try {
      const result = act();
      this.#database.exec("COMMIT");
      return result;
    } catch (thrown) {
      // A full disk has rolled back by itself (https://sqlite.org/lang_transaction.html).
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw thrown;
    }
  }

  #get(sql: string, ...values: Values): Row | undefined {
    return this.#statement(sql).get(...values);
  }

  #all(sql: string, ...values: Values): readonly Row[] {
    return this.#statement(sql).all(...values);
  }

  #run(sql: string, ...values: Values): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const made = this.#database.prepare(sql);
    this.#statements.set(sql, made);
    return made;
  }
}

/** What is read of any delivery. */
function deliveryIn(row: Row): Omit<Due, "sinceMs"> {
  return {
    place: Number(row["place"]),
    id: String(row["id"]),
    type: String(row["type"]),
    body: String(row["body"]),
    attempts: Number(row["attempts"]),
  };
}
