// Reading back: what a damaged database says of a publication is left out, and the publication is not.
import { describe, expect, it } from "vitest";
import { metaOf, pageOf } from "./answers.ts";
import type { PageAnswer, StoredPublication } from "./messages.ts";

const top = { epoch: "e", offset: 2 };

function read(meta: string | null): ReturnType<typeof pageOf>["publications"][number] | undefined {
  const stored: StoredPublication = { id: "i", offset: 2, previousId: null, form: "json", meta, atMs: 1, bytes: 1 };
  const answer: PageAnswer = {
    kind: "page",
    publications: [stored],
    payload: Buffer.from("1"),
    top,
    floor: 0,
    more: false,
  };
  return pageOf(answer).publications[0];
}

describe("a publication that is read back", () => {
  it("has the author and the tags that it was kept with", () => {
    const author = { session: "s", user: "u", info: { a: 1 } };
    expect(read(metaOf({ author, tags: { a: "b" } }))).toMatchObject({ author, tags: { a: "b" }, offset: 2 });
    expect(read(null)).not.toHaveProperty("author");
  });

  it("has nothing of an author that nobody writes", () => {
    const author = { session: "s", user: "u", channelInfo: null };
    expect(read(JSON.stringify({ author: { ...author, isAdmin: true }, more: 1 }))).toMatchObject({ author });
    expect(read(JSON.stringify({ author: { ...author, isAdmin: true } }))?.author).not.toHaveProperty("isAdmin");
  });

  it.each([
    ["no JSON", '{"author":{"user"'],
    ["null", "null"],
    ["a text", '"author"'],
    ["an author that is a number", '{"author":7}'],
    ["an author without a name", '{"author":{"session":"s"}}'],
    ["tags that are numbers", '{"tags":{"a":1}}'],
    ["tags that are a list", '{"tags":["a"]}'],
    ["tags that are null", '{"tags":null}'],
  ])("lacks what is damaged: %s", (_, meta) => {
    const { author, tags, data } = read(meta) ?? {};
    expect([author, tags, Buffer.from(data ?? []).toString()]).toEqual([undefined, undefined, "1"]);
  });
});
