// Harbor's tables, as Kysely's types know them.
import type { Generated, Kysely } from "kysely";

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

export interface Tables {
  readonly guests: GuestRow;
  readonly rooms: RoomRow;
  readonly messages: MessageRow;
  readonly reads: ReadRow;
  readonly lab_numbers: LabNumberRow;
  readonly job_outbox: JobOutboxRow;
  readonly notices: NoticeRow;
  readonly mails: MailRow;
}

export type Database = Kysely<Tables>;
