// Requests that queued up, carried out as one transaction: all of them are answered after its commit.
import type { DatabaseSync } from "node:sqlite";
import { reasonOf } from "@tidewire/protocol/ports";
import { fullCode, resultCode, StoreFull } from "./database.ts";
import type { JobRows } from "./job-rows.ts";
import type { Answer, Answers, Ask, Request } from "./messages.ts";

export class Transaction {
  readonly #database: DatabaseSync;
  readonly #rows: JobRows;

  constructor(database: DatabaseSync, rows: JobRows) {
    this.#database = database;
    this.#rows = rows;
  }

  obey(requests: readonly Request[]): readonly Answer[] {
    try {
      return this.#together(requests);
    } catch (thrown) {
      this.#rollBack();
      // One of many is to blame, and the others are not to pay for it; a store that is busy or broken is so for all.
      if (requests.length > 1 && mayBeOnes(thrown)) return requests.flatMap((request) => this.obey([request]));
      return requests.map(({ number }) => refusal(number, thrown));
    }
  }

  #together(requests: readonly Request[]): readonly Answer[] {
    const writes = requests.some((request) => this.#writes(request));
    // A reader that becomes a writer may find that another process was faster, and would have to begin anew.
    this.#database.exec(writes ? "BEGIN IMMEDIATE" : "BEGIN");
    const answers = requests.map(({ number, nowMs, ask }): Answer => ({
      number,
      kind: "value",
      value: writes || ask.kind !== "claim" ? this.#obey(ask, nowMs) : nothing,
    }));
    this.#database.exec("COMMIT");
    return answers;
  }

  #writes({ ask, nowMs }: Request): boolean {
    if (ask.kind === "claim") return this.#rows.hasWork(ask.wanted, nowMs);
    return ask.kind !== "read" && ask.kind !== "counts" && ask.kind !== "close";
  }

  #obey(ask: Ask, nowMs: number): Answers[keyof Answers] {
    switch (ask.kind) {
      case "add":
        return this.#rows.add(ask.drafts, nowMs);
      case "claim":
        return this.#rows.claim(ask.wanted, nowMs);
      case "renew":
        return this.#rows.renew(ask.holds, ask.leaseMs, nowMs);
      case "settle":
        return this.#rows.settle(ask.hold, ask.outcome, nowMs);
      case "change":
        return this.#rows.change(ask.id, ask.what, nowMs);
      case "read":
        return this.#rows.read(ask.query);
      case "counts":
        return this.#rows.counts(nowMs);
      case "close":
        return null;
    }
  }

  #rollBack(): void {
    // A full disk has rolled back by itself (https://sqlite.org/lang_transaction.html).
    if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
  }
}

const nothing: Answers["claim"] = { runs: [], endings: [], refused: [] };

const constraintCode = 19;

/** Whether another request of the same transaction may do without what was thrown. */
function mayBeOnes(thrown: unknown): boolean {
  const code = resultCode(thrown);
  return code === null || code === fullCode || code === constraintCode;
}

function refusal(number: number, thrown: unknown): Answer {
  const isFull = thrown instanceof StoreFull || resultCode(thrown) === fullCode;
  const message = isFull
    ? `the jobs' database is full (${reasonOf(thrown)})`
    : `the jobs' database: ${reasonOf(thrown)}`;
  return { number, kind: "refused", reason: isFull ? "limit_exceeded" : "engine_unavailable", message };
}
