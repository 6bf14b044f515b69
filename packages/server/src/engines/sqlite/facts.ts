// The few values that belong to the database as a whole.
import type { DatabaseSync, StatementSync } from "node:sqlite";

/**
 * `default_epoch`, `reign`: see channels.ts. `next_log`: the next log number. `steady_ms`: see store.ts. `incarnation`,
 * `commits`: see incarnation.ts.
 */
export type FactName = "default_epoch" | "reign" | "next_log" | "steady_ms" | "incarnation" | "commits";

export class Facts {
  readonly #get: StatementSync;
  readonly #set: StatementSync;

  constructor(database: DatabaseSync) {
    this.#get = database.prepare("SELECT value FROM facts WHERE name = ?1");
    this.#set = database.prepare(
      "INSERT INTO facts (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
    );
  }

  number(name: FactName): number | null {
    const value = this.#get.get(name)?.["value"];
    return typeof value === "number" ? value : null;
  }

  text(name: FactName): string | null {
    const value = this.#get.get(name)?.["value"];
    return typeof value === "string" ? value : null;
  }

  set(name: FactName, value: number | string): void {
    this.#set.run(name, value);
  }
}
