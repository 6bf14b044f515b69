// Harbor's tables, as Kysely's types know them.
import type { Generated, Kysely, Selectable } from "kysely";
import type { Language, Verdict } from "../../contract/judge.ts";

/** 0 or 1: SQLite has no booleans, and PostgreSQL reads integers as well. */
type Flag = number;

export interface GuestRow {
  readonly id: string;
  readonly name: string;
  readonly created_at_ms: number;
  /** When this guest left; the cookie is worth nothing from then on. */
  readonly left_at_ms: number | null;
}

export interface RoomRow {
  readonly id: string;
  readonly name: string;
  readonly topic: string;
  readonly created_by: string | null;
  readonly created_by_name: string | null;
  readonly created_at_ms: number;
  /** The number of the newest message; the next one gets the number after it. */
  readonly last_seq: number;
  readonly published: Flag;
}

export interface MessageRow {
  readonly room: string;
  readonly seq: number;
  readonly id: string;
  readonly author_id: string;
  readonly author_name: string;
  readonly nonce: string;
  readonly text: string;
  readonly at_ms: number;
  /** Whether the room's channel has it. */
  readonly published: Flag;
}

/** How far somebody has read a room. */
export interface ReadRow {
  readonly guest: string;
  readonly room: string;
  readonly seq: number;
}

/** A number that the lab made for a guest. */
export interface LabNumberRow {
  readonly guest: string;
  readonly number: number;
  readonly made_at_ms: number;
}

/** A program that was handed in. */
interface SubmissionTable {
  /** In the order of arrival. */
  readonly id: Generated<number>;
  readonly guest: string;
  readonly problem: string;
  readonly language: Language;
  readonly source: string;
  readonly nonce: string;
  readonly job: string;
  readonly at_ms: number;
  /** When a worker took it first; `null` while it waits. */
  readonly begun_at_ms: number | null;
  /** `null` while it is not judged. */
  readonly verdict: Verdict | null;
  /** JSON: what came of it, and of each test. */
  readonly judged: string;
  readonly rows: string;
  readonly log: string;
}
export type SubmissionRow = Selectable<SubmissionTable>;

export interface Tables {
  readonly guests: GuestRow;
  readonly rooms: RoomRow;
  readonly messages: MessageRow;
  readonly reads: ReadRow;
  readonly lab_numbers: LabNumberRow;
  readonly submissions: SubmissionTable;
}

export type Database = Kysely<Tables>;
