// Harbor's tables, as Kysely's types know them.
import type { Generated, Kysely, Selectable } from "kysely";
import type { Language, Verdict } from "../../contract/judge.ts";

/** 0 or 1: SQLite has no booleans, and PostgreSQL reads integers as well. */
type Flag = number;

export interface GuestRow {
  readonly id: string;
  readonly name: string;
  /** By what others find this person when they type the name. */
  readonly name_key: string;
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

/** A job that was ordered in a transaction, and is on its way to the store of jobs. */
export interface JobOutboxRow {
  readonly place: Generated<number>;
  readonly draft: string;
  /** Why it is no job, for whoever looks. */
  readonly problem: Generated<string | null>;
}

/** Something that is sent to a person about an event, which gives it its id. */
export interface NoticeRow {
  readonly id: string;
  readonly person: string;
  /** How often sending it was begun and not known to have failed. */
  readonly begun: number;
  readonly sent_at_ms: number | null;
}

/** A mail in the mailbox of development. */
export interface MailRow {
  readonly place: Generated<number>;
  readonly id: string;
  readonly to_name: string;
  readonly to_address: string;
  readonly subject: string;
  readonly text: string;
  readonly path: string;
  readonly at_ms: number;
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
  readonly job_outbox: JobOutboxRow;
  readonly notices: NoticeRow;
  readonly mails: MailRow;
  readonly submissions: SubmissionTable;
}

export type Database = Kysely<Tables>;
