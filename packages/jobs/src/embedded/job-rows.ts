// The jobs' rows: what each request to the store reads and writes, inside a transaction that its caller begins and ends.
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type {
  Added,
  Claimed,
  Hold,
  JobCount,
  JobDraft,
  JobQuery,
  JobRecord,
  Outcome,
  Renewal,
  Settled,
  Wanted,
} from "../store/job-store.ts";
import { StoreFull, usedBytes } from "./database.ts";
import { columns, endingOf, problemOf, recordOf, type Row, runOf } from "./soundness.ts";

/**
 * A lease that begins further ahead than this was made before the wall clock went back, and is over. No request is
 * carried out so long after it was asked.
 */
const aheadMs = 15_000;

const over = `(leased_ms <= ?1 OR leased_ms - lease_ms > ?1 + ${aheadMs})`;

/** What every end does, whoever brings it about. ?1 is the time. */
const ended = "ended_ms = ?1, untold = owner <> '', canceling = 0, key = iif(key_holds = 'unfinished', NULL, key)";

/** A number in a damaged row must not overflow, or it would keep the statement from every other row. */
const handover = `fence = min(fence, ${Number.MAX_SAFE_INTEGER - 1}) + 1`;

const lost = "the worker that had it is gone, and it was its last attempt";
const housekeepingMs = 60_000;
const deletedAtOnce = 500;

export interface Keeping {
  readonly maxFileBytes: number | null;
  readonly keepEndedMs: number;
  readonly keepDeadMs: number;
}

export class JobRows {
  readonly #database: DatabaseSync;
  readonly #keeping: Keeping;
  readonly #statements = new Map<string, StatementSync>();
  #housekeptMs = 0;

  constructor(database: DatabaseSync, keeping: Keeping) {
    this.#database = database;
    this.#keeping = keeping;
  }

  /** A limit for what is added alone: a store that is full must still let its jobs be done, and be forgotten. */
  add(drafts: readonly JobDraft[], nowMs: number): readonly Added[] {
    const { maxFileBytes } = this.#keeping;
    if (maxFileBytes !== null && usedBytes(this.#database) >= maxFileBytes) {
      throw new StoreFull(`at most ${maxFileBytes} bytes were expected, more are in use`);
    }
    return drafts.map((draft) => this.#add(draft, nowMs));
  }

  /** Whether `claim` would find anything; it writes nothing, so that idle workers leave the disk alone. */
  hasWork({ names, runs, endings }: Wanted, nowMs: number): boolean {
    if (Math.abs(nowMs - this.#housekeptMs) >= housekeepingMs) return true;
    if (this.#has(`state = 'running' AND ${over}`, nowMs)) return true;
    if (endings > 0 && this.#has(`untold = 1 AND ${over}`, nowMs)) return true;
    if (runs === 0) return false;
    if (this.#has("state = 'delayed' AND due_ms <= ?1", nowMs)) return true;
    return names.some((name) => this.#get("SELECT 1 FROM jobs WHERE state = 'ready' AND name = ?1 LIMIT 1", name));
  }

  claim(wanted: Wanted, nowMs: number): Claimed {
    this.#endLeases(nowMs);
    this.#run("UPDATE jobs SET state = 'ready' WHERE state = 'delayed' AND due_ms <= ?1", nowMs);
    if (Math.abs(nowMs - this.#housekeptMs) >= housekeepingMs) this.#housekeep(wanted, nowMs);
    const rows = this.#ready(wanted).map((place) => this.#take(place, wanted.leaseMs, nowMs));
    const problems = rows.map((row) => problemOf(row));
    const refused = rows.flatMap((row, index) => this.#setApart(row, problems[index] ?? null, nowMs));
    const runs = rows.filter((_, index) => problems[index] === null).map((row) => runOf(row));
    return { runs, endings: this.#endings(wanted, nowMs), refused };
  }

  renew(holds: readonly Hold[], leaseMs: number, nowMs: number): readonly Renewal[] {
    return holds.map(({ id, fence }) => {
      const row = this.#get(
        "UPDATE jobs SET leased_ms = ?1 + ?4, lease_ms = ?4 WHERE id = ?2 AND fence = ?3 " +
          // One that is over is the next worker's, though nobody has looked for it yet.
          `AND (untold = 1 OR state = 'running' AND NOT (${over})) RETURNING canceling`,
        nowMs,
        id,
        fence,
        leaseMs,
      );
      return row === undefined ? "lost" : row["canceling"] === 1 ? "canceling" : "held";
    });
  }

  settle(hold: Hold, outcome: Outcome, nowMs: number): Settled {
    const { id, fence } = hold;
    const held = "WHERE id = ?2 AND fence = ?3 AND state = 'running' RETURNING state";
    // The lease goes on, for the end to be told.
    const end = `UPDATE jobs SET ${ended}, leased_ms = ?1 + lease_ms,`;
    switch (outcome.kind) {
      case "done":
        return settled(
          this.#get(
            `${end} state = 'done', output = ?4, reason = '', message = '' ${held}`,
            nowMs,
            id,
            fence,
            outcome.output,
          ),
        );
      case "dead":
        return settled(
          this.#get(
            `${end} state = 'dead', reason = ?4, message = ?5 ${held}`,
            nowMs,
            id,
            fence,
            outcome.reason,
            outcome.message,
          ),
        );
      case "canceled":
        return settled(this.#get(`${end} state = 'canceled' ${held}`, nowMs, id, fence));
      case "failed":
        return this.#failed(hold, outcome, nowMs);
      case "returned":
        return settled(
          this.#get(
            `UPDATE jobs SET state = 'ready', attempt = attempt - 1, ${handover}, due_ms = ?1 ${held}`,
            nowMs,
            id,
            fence,
          ),
        );
      case "told":
        return settled(
          this.#get(
            "UPDATE jobs SET untold = 0 WHERE id = ?1 AND fence = ?2 AND untold = 1 RETURNING state",
            id,
            fence,
          ),
        );
    }
  }

  change(id: string, what: "cancel" | "replay", nowMs: number): boolean {
    if (what === "replay") {
      const again = `state = 'ready', attempt = 0, ${handover}, due_ms = ?1, ended_ms = NULL, untold = 0, reason = '', message = ''`;
      // What cannot be read would be set apart once more; it stays where somebody can look at it.
      return (
        this.#changes(
          `UPDATE jobs SET ${again} WHERE id = ?2 AND state = 'dead' AND reason <> 'malformed'`,
          nowMs,
          id,
        ) > 0
      );
    }
    const end = `UPDATE jobs SET state = 'canceled', ${handover}, leased_ms = 0, ${ended}`;
    if (this.#changes(`${end} WHERE id = ?2 AND state IN ('ready', 'delayed')`, nowMs, id) > 0) return true;
    return this.#changes("UPDATE jobs SET canceling = 1 WHERE id = ?1 AND state = 'running'", id) > 0;
  }

  read(query: JobQuery): readonly JobRecord[] {
    if (query.kind === "one")
      return this.#all(`SELECT ${columns} FROM jobs WHERE id = ?1`, query.id).map((row) => recordOf(row));
    const states = query.state === "waiting" ? ["ready", "delayed"] : [query.state];
    const pages = states.flatMap((state) =>
      this.#all(
        `SELECT place, ${columns} FROM jobs WHERE state = ?1 ` +
          "AND place > coalesce((SELECT place FROM jobs WHERE id = ?2), 0) ORDER BY place LIMIT ?3",
        state,
        query.after,
        query.limit,
      ),
    );
    const ordered = pages.toSorted((a, b) => Number(a["place"]) - Number(b["place"]));
    return ordered.slice(0, query.limit).map((row) => recordOf(row));
  }

  /** Of what is ready, which may be many, the index is read alone; done and canceled ones are not counted. */
  counts(nowMs: number): readonly JobCount[] {
    return this.#all(
      "SELECT name, state, sum(part) AS count, min(since) AS since FROM (" +
        // SQLite would read every row instead, without being told.
        "SELECT name, 'waiting' AS state, count(*) AS part, min(due_ms) AS since FROM jobs INDEXED BY jobs_ready " +
        "WHERE state = 'ready' GROUP BY name UNION ALL " +
        "SELECT name, 'waiting', count(*), min(due_ms) FROM jobs WHERE state = 'delayed' GROUP BY name UNION ALL " +
        "SELECT name, state, count(*), NULL FROM jobs WHERE state IN ('running', 'dead') GROUP BY name, state" +
        ") GROUP BY 1, 2",
    ).map(({ name, state, count, since }) => ({
      name: String(name),
      state: state as JobCount["state"],
      count: Number(count),
      ...(since !== null && { oldestMs: Math.max(0, nowMs - Number(since)) }),
    }));
  }

  #add(draft: JobDraft, nowMs: number): Added {
    const { id, name, owner, input, key, keyHolds, priority, terms } = draft;
    const known = this.#get("SELECT id FROM jobs WHERE id = ?1", id);
    if (known !== undefined) return { id, isDuplicate: true };
    const holder = key === null ? undefined : this.#get("SELECT id FROM jobs WHERE name = ?1 AND key = ?2", name, key);
    if (holder !== undefined) return { id: String(holder["id"]), isDuplicate: true };
    const { attempts, firstDelayMs, longestDelayMs, timeoutMs } = terms;
    const state = draft.dueMs > nowMs ? "delayed" : "ready";
    this.#run(
      "INSERT INTO jobs (id, name, owner, input, key, key_holds, priority, state, added_ms, due_ms, attempts, " +
        "first_delay_ms, longest_delay_ms, timeout_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      id,
      name,
      owner,
      input,
      key,
      keyHolds,
      priority,
      state,
      nowMs,
      Math.max(draft.dueMs, nowMs),
      attempts,
      firstDelayMs,
      longestDelayMs,
      timeoutMs,
    );
    return { id, isDuplicate: false };
  }

  /** Runs whose worker has not been heard of: again, or never again (J3, J4). */
  #endLeases(nowMs: number): void {
    const gone = `WHERE state = 'running' AND ${over}`;
    const fresh = `${handover}, leased_ms = 0`;
    this.#run(`UPDATE jobs SET state = 'canceled', ${fresh}, ${ended} ${gone} AND canceling = 1`, nowMs);
    this.#run(
      `UPDATE jobs SET state = 'dead', reason = 'lost', message = ?2, ${fresh}, ${ended} ${gone} AND attempt >= attempts`,
      nowMs,
      lost,
    );
    this.#run(`UPDATE jobs SET state = 'ready', due_ms = ?1, ${fresh} ${gone}`, nowMs);
  }

  /** Each name by itself: however many of a kind wait that this worker cannot do, they are not passed over one by one. */
  #ready({ names, runs }: Wanted): readonly number[] {
    const found = names.flatMap((name) =>
      this.#all(
        "SELECT place, priority FROM jobs WHERE state = 'ready' AND name = ?1 ORDER BY priority DESC, place LIMIT ?2",
        name,
        runs,
      ),
    );
    const ordered = found.toSorted(
      (a, b) => Number(b["priority"]) - Number(a["priority"]) || Number(a["place"]) - Number(b["place"]),
    );
    return ordered.slice(0, runs).map((row) => Number(row["place"]));
  }

  #take(place: number, leaseMs: number, nowMs: number): Row {
    const row = this.#get(
      `UPDATE jobs SET state = 'running', ${handover}, attempt = min(attempt, 1000000) + 1, lease_ms = ?3, leased_ms = ?1 + ?3 ` +
        `WHERE place = ?2 RETURNING place, ${columns}`,
      nowMs,
      place,
      leaseMs,
    );
    if (row === undefined) throw new Error("a row that was just found was expected");
    return row;
  }

  #setApart(row: Row, problem: string | null, nowMs: number): readonly string[] {
    if (problem === null) return [];
    const end = "state = 'dead', reason = 'malformed', message = ?3, ended_ms = ?1, untold = 0, key = NULL";
    this.#run(`UPDATE jobs SET ${end} WHERE place = ?2`, nowMs, Number(row["place"]), problem);
    return [`${String(row["id"]).slice(0, 64)}: ${problem}`];
  }

  #endings({ endings, leaseMs }: Wanted, nowMs: number): Claimed["endings"] {
    if (endings === 0) return [];
    const places = this.#all(
      `SELECT place FROM jobs WHERE untold = 1 AND ${over} ORDER BY leased_ms LIMIT ?2`,
      nowMs,
      endings,
    );
    return places.flatMap(({ place }) =>
      this.#all(
        `UPDATE jobs SET lease_ms = ?3, leased_ms = ?1 + ?3 WHERE place = ?2 RETURNING ${columns}`,
        nowMs,
        Number(place),
        leaseMs,
      ).map((row) => endingOf(row)),
    );
  }

  #failed({ id, fence }: Hold, outcome: Extract<Outcome, { kind: "failed" }>, nowMs: number): Settled {
    const { reason, message, delayMs } = outcome;
    const held = "WHERE id = ?2 AND fence = ?3 AND state = 'running'";
    const again = this.#get(
      `UPDATE jobs SET state = 'delayed', due_ms = ?1 + ?6, ${handover}, leased_ms = 0, reason = ?4, message = ?5 ` +
        `${held} AND attempt < attempts AND canceling = 0 RETURNING state`,
      nowMs,
      id,
      fence,
      reason,
      message,
      delayMs,
    );
    if (again !== undefined) return settled(again);
    const canceled = this.#get("SELECT 1 FROM jobs WHERE id = ?1 AND fence = ?2 AND canceling = 1", id, fence);
    return this.settle(
      { id, fence },
      canceled === undefined ? { kind: "dead", reason, message } : { kind: "canceled" },
      nowMs,
    );
  }

  #housekeep({ names, orphanMs }: Wanted, nowMs: number): void {
    this.#housekeptMs = nowMs;
    const { keepEndedMs, keepDeadMs } = this.#keeping;
    for (const [state, keptMs] of [
      ["done", keepEndedMs],
      ["canceled", keepEndedMs],
      ["dead", keepDeadMs],
    ] as const) {
      const old = "SELECT place FROM jobs WHERE state = ?1 AND ended_ms < ?2 LIMIT ?3";
      this.#run(`DELETE FROM jobs WHERE place IN (${old})`, state, nowMs - keptMs, deletedAtOnce);
    }
    const known = new Set(names);
    const orphans = this.#all(
      "SELECT DISTINCT name FROM jobs WHERE state = 'ready' AND due_ms <= ?1",
      nowMs - orphanMs,
    );
    for (const name of orphans.map((row) => String(row["name"])).filter((each) => !known.has(each))) {
      this.#run(
        `UPDATE jobs SET state = 'dead', reason = 'unknown_job', message = ?3, ${handover}, leased_ms = 0, ${ended} ` +
          "WHERE state = 'ready' AND name = ?2 AND due_ms <= ?4",
        nowMs,
        name,
        `no worker has a handler for "${name}"`,
        nowMs - orphanMs,
      );
    }
  }

  #has(condition: string, nowMs: number): boolean {
    return this.#get(`SELECT 1 FROM jobs WHERE ${condition} LIMIT 1`, nowMs) !== undefined;
  }

  #get(sql: string, ...values: Values): Row | undefined {
    return this.#statement(sql).get(...values);
  }

  #all(sql: string, ...values: Values): readonly Row[] {
    return this.#statement(sql).all(...values);
  }

  #run(sql: string, ...values: Values): void {
    this.#statement(sql).run(...values);
  }

  #changes(sql: string, ...values: Values): number {
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

type Values = readonly (string | number | null)[];

function settled(row: Row | undefined): Settled {
  if (row === undefined) return null;
  const state = row["state"];
  return state === "ready" || state === "delayed" ? "waiting" : (state as Settled);
}
