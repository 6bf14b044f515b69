// What was done to the tables, step by step. A step that has been released is never changed.
import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";
import { nameKey } from "../../contract/person.ts";
import type { Tables } from "./schema.ts";

const first: Migration = {
  async up(db: Kysely<Tables>) {
    await db.schema
      .createTable("guests")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("created_at_ms", "bigint", (column) => column.notNull())
      .addColumn("left_at_ms", "bigint")
      .execute();
    await db.schema
      .createTable("rooms")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("topic", "text", (column) => column.notNull())
      .addColumn("created_by", "text")
      .addColumn("created_by_name", "text")
      .addColumn("created_at_ms", "bigint", (column) => column.notNull())
      .addColumn("last_seq", "integer", (column) => column.notNull().defaultTo(0))
      .addColumn("published", "integer", (column) => column.notNull().defaultTo(0))
      .execute();
    await createMessages(db);
    await db.schema
      .createTable("reads")
      .addColumn("guest", "text", (column) => column.notNull())
      .addColumn("room", "text", (column) => column.notNull().references("rooms.id"))
      .addColumn("seq", "integer", (column) => column.notNull())
      .addPrimaryKeyConstraint("reads_pk", ["guest", "room"])
      .execute();
    await firstRooms(db);
  },
};

async function createMessages(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .createTable("messages")
    .addColumn("room", "text", (column) => column.notNull().references("rooms.id"))
    .addColumn("seq", "integer", (column) => column.notNull())
    .addColumn("id", "text", (column) => column.notNull().unique())
    .addColumn("author_id", "text", (column) => column.notNull())
    .addColumn("author_name", "text", (column) => column.notNull())
    .addColumn("nonce", "text", (column) => column.notNull())
    .addColumn("text", "text", (column) => column.notNull())
    .addColumn("at_ms", "bigint", (column) => column.notNull())
    .addColumn("published", "integer", (column) => column.notNull().defaultTo(0))
    .addPrimaryKeyConstraint("messages_pk", ["room", "seq"])
    .addUniqueConstraint("messages_author_nonce", ["author_id", "nonce"])
    .execute();
  // Partial: it holds the few messages on their way to the channel, whatever the size of the table.
  await db.schema
    .createIndex("messages_unpublished")
    .on("messages")
    .columns(["room", "seq"])
    .where(sql.ref("published"), "=", sql.lit(0))
    .execute();
}

async function firstRooms(db: Kysely<Tables>): Promise<void> {
  const always = { created_by: null, created_by_name: null, created_at_ms: 0, last_seq: 0, published: 1 };
  await db
    .insertInto("rooms")
    .values([
      { id: "harbour", name: "Harbour", topic: "Everybody who comes in arrives here", ...always },
      {
        id: "workshop",
        name: "Workshop",
        topic: "Try things out: cut the wire, send a burst, see what arrives",
        ...always,
      },
    ])
    .execute();
}

const labNumbers: Migration = {
  async up(db: Kysely<Tables>) {
    await db.schema
      .createTable("lab_numbers")
      .addColumn("guest", "text", (column) => column.notNull())
      .addColumn("number", "integer", (column) => column.notNull())
      .addColumn("made_at_ms", "bigint", (column) => column.notNull())
      .addPrimaryKeyConstraint("lab_numbers_pk", ["guest", "number"])
      .execute();
  },
};

const mentions: Migration = {
  async up(db: Kysely<Tables>) {
    await db.schema
      .alterTable("guests")
      .addColumn("name_key", "text", (column) => column.notNull().defaultTo(""))
      .execute();
    for (const { id, name } of await db.selectFrom("guests").select(["id", "name"]).execute()) {
      await db
        .updateTable("guests")
        .set({ name_key: nameKey(name) })
        .where("id", "=", id)
        .execute();
    }
    await db.schema
      .createIndex("guests_named")
      .on("guests")
      .columns(["name_key", "left_at_ms", "created_at_ms"])
      .execute();
    await db.schema
      .createTable("job_outbox")
      .addColumn("place", "integer", (column) => column.primaryKey().autoIncrement())
      .addColumn("draft", "text", (column) => column.notNull())
      .addColumn("problem", "text")
      .execute();
    await db.schema
      .createTable("notices")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("person", "text", (column) => column.notNull())
      .addColumn("begun", "integer", (column) => column.notNull())
      .addColumn("sent_at_ms", "bigint")
      .execute();
    await db.schema.createIndex("notices_sent").on("notices").column("sent_at_ms").execute();
    await db.schema.createIndex("notices_of").on("notices").columns(["person", "sent_at_ms"]).execute();
    await db.schema
      .createTable("mails")
      .addColumn("place", "integer", (column) => column.primaryKey().autoIncrement())
      .addColumn("id", "text", (column) => column.notNull().unique())
      .addColumn("to_name", "text", (column) => column.notNull())
      .addColumn("to_address", "text", (column) => column.notNull())
      .addColumn("subject", "text", (column) => column.notNull())
      .addColumn("text", "text", (column) => column.notNull())
      .addColumn("path", "text", (column) => column.notNull())
      .addColumn("at_ms", "bigint", (column) => column.notNull())
      .execute();
  },
};

/** By name, in the order in which they are applied. */
export const migrations: Readonly<Record<string, Migration>> = {
  "0001-rooms-and-messages": first,
  "0002-lab-numbers": labNumbers,
  "0003-mentions": mentions,
};
