// Incarnations: tells a database that was only stopped from one that came back older, or from elsewhere (S8).
//
// Whoever writes to a database first gives it a new name and counts its commits; the mark beside it says the same. A
// database that is behind its mark, or has a name that the mark does not know, is a copy of what was: others may have
// been given the offsets above, so every epoch ends. What is copied back together with its mark cannot be told apart.
import type { DatabaseSync } from "node:sqlite";
import type { Facts } from "./facts.ts";
import type { Mark } from "./mark.ts";

export class Incarnation {
  readonly #facts: Facts;
  readonly #mark: Mark;
  readonly #name: string;
  /** The one that the database has; this one's own once it has written. */
  #current: string;
  #commits: number;

  /** @param name Of this one, random: no other ever has it. */
  constructor(facts: Facts, mark: Mark, name: string) {
    this.#facts = facts;
    this.#mark = mark;
    this.#name = name;
    this.#current = facts.text("incarnation") ?? "";
    this.#commits = facts.number("commits") ?? 0;
  }

  /** Whether what was acked before may be missing. A database that never had a mark is taken for what it was. */
  wentBack(): boolean {
    const marked = this.#mark.read();
    if (marked === null) return this.#current !== "";
    const isKnown = this.#current === marked.name || (marked.next !== "" && this.#current === marked.next);
    return !isKnown || this.#commits < marked.commits;
  }

  /** Ends all epochs. Within a transaction, after which `committed` has to be called: until then the mark accuses. */
  fence(database: DatabaseSync): void {
    this.#facts.set("default_epoch", this.#name);
    this.#facts.set("reign", (this.#facts.number("reign") ?? 0) + 1);
    // As those of channels that begin now: when one is forgotten, the default changes (channels.ts).
    database.prepare("UPDATE channels SET epoch = ?1, reign = ?2").run(this.#name, this.#facts.number("reign") ?? 0);
    this.#current = this.#name;
    this.#count();
  }

  /** Counts a commit, within its transaction; for the first one the mark says before that it may come. */
  count(): void {
    if (this.#current !== this.#name) {
      this.#mark.write({ name: this.#current, next: this.#name, commits: this.#commits });
      this.#mark.sync();
      this.#current = this.#name;
    }
    this.#count();
  }

  committed(): void {
    try {
      this.#mark.write({ name: this.#current, next: "", commits: this.#commits });
    } catch (thrown) {
      // The one before is true as well, since the database is further on; it proves less.
      if (!(thrown instanceof Error)) throw thrown;
    }
  }

  /** After a rollback. */
  reload(): void {
    this.#current = this.#facts.text("incarnation") ?? "";
    this.#commits = this.#facts.number("commits") ?? 0;
  }

  #count(): void {
    this.#commits += 1;
    this.#facts.set("incarnation", this.#name);
    this.#facts.set("commits", this.#commits);
  }
}
