// Records and announcements as they are read: what was written comes back, and nothing else is believed or throws.
import fc from "fast-check";
import { expect, it } from "vitest";
import { faultOfAnnouncement } from "../../engine/answers.ts";
import { newsIn } from "./news.ts";
import { headOf, publicationIn } from "../records.ts";

const text = fc.string({ unit: "binary", maxLength: 40 });
const body = fc.record(
  {
    data: fc.uint8Array({ maxLength: 60 }),
    form: fc.constant("bytes" as const),
    key: fc.stringMatching(/^[a-zé😀]{1,9}$/u),
    tags: fc.dictionary(text, text),
    author: fc.record({ session: text, user: text }),
  },
  { requiredKeys: ["data", "form"] },
);
const stamp = { id: "AbC-_123", atMs: 1_767_225_600_000 };

it("carries everything that a publication has", () => {
  fc.assert(
    fc.property(body, fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (given, offset) => {
      const front = `${offset} ${offset === 1 ? "-" : "before"} 17 ${headOf(given, stamp)}`;
      const read = publicationIn(Buffer.concat([Buffer.from(front), given.data]));
      const previous = offset === 1 ? null : { offset: offset - 1, id: "before" };
      expect(read).toEqual({ ...given, ...stamp, offset, previous });
    }),
    { numRuns: 1_000 },
  );
});

it("never throws, and gives nothing that cannot be a publication, whatever is changed", () => {
  const given = { data: Buffer.from('{"a":1}'), form: "json" as const, key: "k", tags: { a: "b" } };
  const record = Buffer.concat([Buffer.from(`7 before 17 ${headOf(given, stamp)}`), given.data]);
  const message = Buffer.concat([Buffer.from("p gen 12 epoch 4\nnews"), record]);
  const change = fc.record({ at: fc.nat(message.length), remove: fc.nat(9), insert: fc.uint8Array({ maxLength: 9 }) });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 4 }), (changes) => {
      let bytes = message;
      for (const { at, remove, insert } of changes) {
        bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]);
      }
      const news = newsIn(bytes);
      if (news?.kind !== "published") return;
      const publication = news.publication();
      if (publication === null) return;
      expect(faultOfAnnouncement(news.channel, news.epoch, publication)).toBeNull();
      if (publication.form === "json") JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(publication.data));
    }),
    { numRuns: 5_000 },
  );
});
