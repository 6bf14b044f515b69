// One batch of the outbox: a transaction that reads the oldest rows, publishes them, and removes what was accepted.
//
// - Its advisory lock lets one relay at a time into the table. PostgreSQL holds it as long as the transaction and ends one that
//   stands still, so a relay that died, froze or lost its line is another one's by PostgreSQL's word alone.
// - It keeps no place in the table: a row is read until it is gone. An id that commits after a higher one is behind nothing.
// - A batch that has become old publishes no more (`isGood`): its rows may be another relay's by now.
import { fail, type TidewireError } from "@tidewire/protocol";
import { reasonOf } from "@tidewire/protocol/ports";
import { type Clock, within } from "../ports/clock.ts";
import { isOwnFault, type Publisher } from "../publisher.ts";
import { type PostgresConnection, type Row, statementMs } from "./connection.ts";
import type { OutboxQueries } from "./outbox-table.ts";

export interface BatchTerms {
  readonly queries: OutboxQueries;
  readonly publisher: Publisher;
  readonly clock: Clock;
  /** For how long rows are published after they were read. */
  readonly holdMs: number;
  readonly maxDataBytes: number;
  /** Channels that are left out. */
  readonly resting: readonly string[];
  readonly isStopped: () => boolean;
}

/** A row that will never be published as it is. */
export interface Refusal {
  readonly id: string;
  readonly channel: string;
  readonly problem: string;
}

/** What became of a batch. */
export interface Taken {
  /** Ids. */
  readonly published: readonly string[];
  readonly refused: readonly Refusal[];
  /** Why a channel takes nothing now, by its name. */
  readonly failed: ReadonlyMap<string, string>;
}

interface OutboxRow {
  readonly id: string;
  readonly channel: string;
  readonly key: string;
  readonly tags: string | null;
  /** `null` where there is too much of it. */
  readonly data: string | null;
  readonly bytes: number;
}

const rowsAtOnce = 100;
const bytesAtOnce = 4_194_304;
/** How much longer PostgreSQL lets a batch stand still than the relay itself publishes. */
const patience = 3;

/** @returns `null` when another relay has the table. @throws when the connection can be used no more. */
export async function takeBatch(connection: PostgresConnection, terms: BatchTerms): Promise<Taken | null> {
  const { queries, clock, holdMs, resting, maxDataBytes } = terms;
  const endMs = clock.now() + holdMs;
  await connection.ask("BEGIN");
  const [begun] = await connection.ask(queries.take, [`${holdMs * patience}`, `${statementMs}`]);
  if (begun?.["taken"] !== true) {
    await connection.ask("ROLLBACK");
    return null;
  }
  // A statement of its own, since what it sees is settled when it begins: the one before may have waited for the lock.
  const rows = await connection.ask(queries.oldest, [resting, rowsAtOnce, maxDataBytes, bytesAtOnce]);
  const taken = await publishAll(rows.map(rowOf), {
    ...terms,
    isGood: () => clock.now() < endMs && !terms.isStopped(),
  });
  const { published, refused } = taken;
  if (published.length > 0) await connection.ask(queries.remove, [published]);
  if (refused.length > 0) {
    await connection.ask(queries.refuse, [refused.map(({ id }) => id), refused.map(({ problem }) => problem)]);
  }
  await connection.ask("COMMIT");
  return taken;
}

type PublishTerms = Pick<BatchTerms, "publisher" | "clock" | "holdMs" | "maxDataBytes"> & {
  readonly isGood: () => boolean;
};

/** Channels beside each other, the rows of each one after the other. */
async function publishAll(rows: readonly OutboxRow[], terms: PublishTerms): Promise<Taken> {
  const published: string[] = [];
  const refused: Refusal[] = [];
  const failed = new Map<string, string>();
  const publishChannel = async (channel: string, ofChannel: readonly OutboxRow[]): Promise<void> => {
    for (const row of ofChannel) {
      if (!terms.isGood()) return;
      try {
        await publishRow(row, terms);
        published.push(row.id);
      } catch (thrown) {
        if (!isOwnFault(thrown)) {
          // What comes behind it waits, or the channel's order would be lost.
          failed.set(channel, reasonOf(thrown));
          return;
        }
        refused.push({ id: row.id, channel, problem: problemOf(thrown) });
      }
    }
  };
  const byChannel = Map.groupBy(rows, ({ channel }) => channel);
  await Promise.all([...byChannel].map(([channel, ofChannel]) => publishChannel(channel, ofChannel)));
  return { published, refused, failed };
}

async function publishRow(row: OutboxRow, { publisher, clock, holdMs, maxDataBytes }: PublishTerms): Promise<void> {
  const { channel, key, tags, data, bytes } = row;
  if (data === null) fail("too_large", `expected at most ${maxDataBytes} bytes, got ${bytes}`);
  const marked = tags === null ? {} : { tags: JSON.parse(tags) as Readonly<Record<string, string>> };
  const published = publisher.publish(channel, JSON.parse(data) as unknown, { idempotencyKey: key, ...marked });
  await within(published, holdMs, clock);
}

/** As a text of PostgreSQL's, which has no zero characters. */
function problemOf(thrown: TidewireError): string {
  return `${thrown.reason}: ${reasonOf(thrown)}`.replaceAll("\u0000", "");
}

function rowOf(row: Row): OutboxRow {
  const [tags, data] = [row["tags"], row["data"]];
  return {
    id: String(row["id"]),
    channel: String(row["channel"]),
    key: String(row["key"]),
    tags: typeof tags === "string" ? tags : null,
    data: typeof data === "string" ? data : null,
    bytes: Number(row["bytes"]),
  };
}
