// The tables of the analytics, in a database of their own: what they say can be counted again from the log.
import { Kysely, sql } from "kysely";
import { nodeSqliteDialect } from "../data/node-sqlite.ts";

export interface RoomMinuteRow {
  readonly minute_ms: number;
  readonly room: string;
  readonly messages: number;
}

/** Somebody wrote something in that minute. */
export interface PersonMinuteRow {
  readonly minute_ms: number;
  readonly person: string;
}

/** How far a room is counted: all messages up to that number, and none after it. */
export interface PlaceRow {
  readonly room: string;
  readonly seq: number;
}

/** What a node did in a minute. Of this there is no log: a minute in which nobody looked has no row. */
export interface NodeMinuteRow {
  readonly minute_ms: number;
  readonly node: string;
  /** JSON: what happened in it. */
  readonly reading: string;
}

/** What a node's counters said when somebody looked last. */
export interface NodeReadingRow {
  readonly node: string;
  /** JSON. */
  readonly reading: string;
}

export interface AnalyticsTables {
  readonly room_minutes: RoomMinuteRow;
  readonly person_minutes: PersonMinuteRow;
  readonly places: PlaceRow;
  readonly node_minutes: NodeMinuteRow;
  readonly node_readings: NodeReadingRow;
}

export type Analytics = Kysely<AnalyticsTables>;

/** Made where they are missing, and never changed: tables of another shape get another file, and are filled from the log. */
const tables = [
  `room_minutes (minute_ms INTEGER NOT NULL, room TEXT NOT NULL, messages INTEGER NOT NULL,
    PRIMARY KEY (minute_ms, room)) STRICT, WITHOUT ROWID`,
  `person_minutes (minute_ms INTEGER NOT NULL, person TEXT NOT NULL,
    PRIMARY KEY (minute_ms, person)) STRICT, WITHOUT ROWID`,
  `places (room TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT`,
  `node_minutes (minute_ms INTEGER NOT NULL, node TEXT NOT NULL, reading TEXT NOT NULL,
    PRIMARY KEY (minute_ms, node)) STRICT, WITHOUT ROWID`,
  `node_readings (node TEXT PRIMARY KEY, reading TEXT NOT NULL) STRICT`,
];

/** @param path A file, which several processes may have open, or `:memory:`. */
export async function openAnalytics(path: string): Promise<Analytics> {
  const analytics: Analytics = new Kysely<AnalyticsTables>({ dialect: nodeSqliteDialect(path) });
  for (const table of tables) await sql`${sql.raw(`CREATE TABLE IF NOT EXISTS ${table}`)}`.execute(analytics);
  return analytics;
}
