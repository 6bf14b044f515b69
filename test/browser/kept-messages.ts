// A room's messages as Harbor's database has them, read by another process than the server.
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

/** A message as the server has it. */
export interface KeptMessage {
  readonly seq: number;
  readonly author: string;
  readonly text: string;
}

export function keptMessages(dataFolder: string, room: string): readonly KeptMessage[] {
  const database = new DatabaseSync(path.join(dataFolder, "harbor.db"), { readOnly: true });
  try {
    const query = "SELECT seq, author_name, text FROM messages WHERE room = ? ORDER BY seq";
    return database
      .prepare(query)
      .all(room)
      .map((row) => ({ seq: Number(row["seq"]), author: String(row["author_name"]), text: String(row["text"]) }));
  } finally {
    database.close();
  }
}
