// The bank's books: accounts and transfers, and the outbox, which is written in their transactions.
import { DatabaseSync } from "node:sqlite";
import type { JobDraft } from "@tidewire/jobs";
import { outboxTable, type SqliteOutbox, sqliteOutbox } from "@tidewire/jobs/embedded";
import { fail } from "@tidewire/protocol";
import type { Person } from "./channels.ts";

/** Where what people begin with comes from. It alone may owe. */
export const mint: Person = { account: "000000000000", name: "The mint" };

export interface Transfer {
  readonly id: string;
  readonly payer: Person;
  readonly payee: Person;
  readonly cents: number;
  readonly atMs: number;
}

export interface Bank {
  readonly outbox: SqliteOutbox;
  find(account: string): (Person & { readonly cents: number }) | null;
  /** Opens an account with a first transfer from the mint. Done again, it does nothing. */
  open(first: Transfer, drafts: readonly JobDraft[]): void;
  /**
   * Moves money and orders what follows, both or neither. Done again, it does nothing.
   * @throws {TidewireError} `conflict` where the payer has not so much, or the id was another transfer's.
   */
  transfer(asked: Transfer, drafts: readonly JobDraft[]): void;
  close(): void;
}

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON;
  CREATE TABLE IF NOT EXISTS accounts (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    cents INTEGER NOT NULL DEFAULT 0 CHECK (cents >= 0 OR id = '${mint.account}')
  ) STRICT;
  CREATE TABLE IF NOT EXISTS transfers (
    id TEXT PRIMARY KEY,
    payer TEXT NOT NULL REFERENCES accounts,
    payee TEXT NOT NULL REFERENCES accounts,
    cents INTEGER NOT NULL CHECK (cents > 0),
    at_ms INTEGER NOT NULL
  ) STRICT;
  INSERT INTO accounts VALUES ('${mint.account}', '${mint.name}', 0) ON CONFLICT DO NOTHING;
  ${outboxTable};`;

export function openBank(file: string): Bank {
  const database = new DatabaseSync(file, { timeout: 5_000 });
  database.exec(schema);
  const outbox = sqliteOutbox(database);
  const findAccount = database.prepare("SELECT id AS account, name, cents FROM accounts WHERE id = ?");
  const addAccount = database.prepare("INSERT INTO accounts (id, name) VALUES (?, ?) ON CONFLICT DO NOTHING");
  const addTransfer = database.prepare("INSERT INTO transfers VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
  const findTransfer = database.prepare("SELECT payer, payee, cents FROM transfers WHERE id = ?");
  const take = database.prepare("UPDATE accounts SET cents = cents - ?1 WHERE id = ?2 AND (cents >= ?1 OR id = ?3)");
  const give = database.prepare("UPDATE accounts SET cents = cents + ? WHERE id = ?");

  function move({ id, payer, payee, cents, atMs }: Transfer, drafts: readonly JobDraft[]): void {
    if (addTransfer.run(id, payer.account, payee.account, cents, atMs).changes === 0) {
      const { payer: from, payee: to, cents: sum } = { ...findTransfer.get(id) };
      if (from !== payer.account || to !== payee.account || sum !== cents) fail("conflict", "another transfer's id");
      return;
    }
    if (take.run(cents, payer.account, mint.account).changes === 0) fail("conflict", "there is not so much there");
    give.run(cents, payee.account);
    for (const draft of drafts) outbox.put(draft);
  }

  function inTransaction(work: () => void): void {
    database.exec("BEGIN IMMEDIATE");
    try {
      work();
      database.exec("COMMIT");
    } finally {
      // A commit that failed may have rolled back by itself.
      if (database.isTransaction) database.exec("ROLLBACK");
    }
  }

  return {
    outbox,
    find: (account) => (findAccount.get(account) as (Person & { readonly cents: number }) | undefined) ?? null,
    open: (first, drafts) =>
      inTransaction(() => {
        if (addAccount.run(first.payee.account, first.payee.name).changes > 0) move(first, drafts);
      }),
    transfer: (asked, drafts) => inTransaction(() => move(asked, drafts)),
    close: () => database.close(),
  };
}
