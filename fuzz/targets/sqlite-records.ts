// What comes back from a database that something else wrote to: pages of publications, and the mark beside the file.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pageOf } from "../../packages/server/src/engines/sqlite/answers.ts";
import { formAt } from "../../packages/server/src/engines/sqlite/soundness.ts";
import { Mark } from "../../packages/server/src/engines/sqlite/mark.ts";
import type { StoredPublication } from "../../packages/server/src/engines/sqlite/messages.ts";
import { hasOwnKeysOnly, holds } from "../oracle.ts";
import type { Target } from "../target.ts";

const folder = mkdtempSync(path.join(tmpdir(), "tidewire-fuzz-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const file = path.join(folder, "log.db.mark");

/** The columns of a row on lines of their own: form, meta, id; what follows is the mark's file. */
export const target: Target = {
  name: "sqlite-records",
  shape: "json",
  files: ["server/src/engines/sqlite/answers.ts", "server/src/engines/sqlite/mark.ts"],
  batch: 128,
  maxBytes: 8_192,
  seeds: [
    '0\n{"author":{"user":"u","session":"s","info":{"a":1}},"tags":{"a":"b"}}\nid\n',
    "7\n\nid\ntidewire-mark 8d969eef6ecad3c2 =abc =def 12",
    "2\n{}\nid\ntidewire-mark x",
  ],
  words: ["author", "tags", "user", "session", "info", "channelInfo", "tidewire-mark"],
  run(input) {
    const [form = "", meta = "", id = "", ...rest] = Buffer.from(input).toString().split("\n");
    const stored: StoredPublication = {
      id,
      offset: 2,
      previousId: null,
      form: formAt(Number(form)),
      meta: meta === "" ? null : meta,
      atMs: 1,
      bytes: 3,
    };
    const payload = Buffer.from("[1]");
    const answer = {
      kind: "page",
      publications: [stored],
      payload,
      top: { epoch: "e", offset: 2 },
      floor: 0,
      more: false,
    };
    const [read] = pageOf(answer as Parameters<typeof pageOf>[0]).publications;
    isSound(read);
    writeFileSync(file, rest.join("\n"));
    const mark = new Mark(file);
    const marked = mark.read();
    mark.close();
    holds(marked === null || (Number.isSafeInteger(marked.commits) && marked.commits >= 0), "a mark without a count");
  },
};

/** @throws {Violation} for one that no dialect could write. */
function isSound(read: ReturnType<typeof pageOf>["publications"][number] | undefined): void {
  holds(read !== undefined, "a row is lost");
  hasOwnKeysOnly(read);
  holds(
    read.id !== undefined && read.offset === 2 && Buffer.from(read.data).toString() === "[1]",
    "a row is another one",
  );
  const { author, tags = {} } = read;
  holds(
    typeof tags === "object" && Object.values(tags).every((tag) => typeof tag === "string"),
    "tags that are no texts",
  );
  const isMember = author === undefined || (typeof author.user === "string" && typeof author.session === "string");
  holds(isMember, "an author without a name");
}
