// What the contract says about what a publication carries: every byte comes back as it was given.
import { describe, expect, it } from "vitest";
import type { Body } from "../engine.ts";
import { type EngineHarness, publicationOf, textBody, Trial } from "./trial.ts";

/** Published, announced and read, it must be the same. */
async function expectCarried(harness: EngineHarness, body: Body): Promise<void> {
  const trial = await Trial.begin(harness);
  await trial.engine.follow("box");
  const ack = publicationOf(await trial.publish("box", body));
  await trial.sink.until(() => trial.sink.announcements.length > 0);
  const { publications } = await trial.history("box");
  for (const publication of [ack, ...trial.sink.of("box"), ...publications]) {
    expect(Buffer.compare(publication.data, body.data)).toBe(0);
    expect(publication.form).toBe(body.form);
    expect(publication.author).toEqual(body.author);
    expect(publication.tags).toEqual(body.tags);
  }
  expect(publications).toHaveLength(1);
}

export function payloads(harness: EngineHarness): void {
  describe("payloads", () => {
    it("may be every byte", () =>
      expectCarried(harness, { data: Uint8Array.from({ length: 256 }, (_, n) => n), form: "bytes" }));

    it("may be empty", () => expectCarried(harness, { data: new Uint8Array(0), form: "bytes" }));

    it("may be a mebibyte", () =>
      expectCarried(harness, {
        data: Uint8Array.from({ length: 1_048_576 }, (_, n) => (n * 31) % 251),
        form: "bytes",
      }));

    it("may be JSON or text", async () => {
      await expectCarried(harness, { data: new TextEncoder().encode('{"a":[1,null,"é😀"]}'), form: "json" });
      await expectCarried(harness, textBody("Hello! \u0000 é 😀 \r\n"));
    });
  });
  payloadsTogether(harness);
}

function payloadsTogether(harness: EngineHarness): void {
  describe("payloads and what is around them", () => {
    it("may be a part of a larger buffer, which is used again", async () => {
      const trial = await Trial.begin(harness);
      const buffer = new Uint8Array(65_536).fill(1);
      await trial.publish("box", { data: buffer.subarray(100, 200), form: "bytes" });
      buffer.fill(2);
      const { publications } = await trial.history("box");
      expect(publications[0]?.data).toEqual(new Uint8Array(100).fill(1));
    });

    it("carry author and tags, odd names included", async () => {
      const tags = { "tide.key": "k", "": "empty", "é 😀": '"\\\n', __proto__x: "p", constructor: "c" };
      const author = { session: "s-1", user: "u@1", info: { name: "Ann", nested: [1, { deep: null }] } };
      await expectCarried(harness, { ...textBody("x"), author, tags });
      await expectCarried(harness, { ...textBody("x"), author: { session: "guest", user: "" } });
      await expectCarried(harness, { ...textBody("x"), tags: {} });
    });

    it("of different kinds and sizes do not mix when they come at once", async () => {
      const trial = await Trial.begin(harness);
      const bodies = Array.from({ length: 300 }, (_, n): Body => {
        const data = new Uint8Array((n * 37) % 1_000).fill(n % 256);
        return n % 2 === 0 ? { data, form: "bytes" } : { data, form: "bytes", tags: { n: `${n}` } };
      });
      await Promise.all(bodies.map((body, n) => trial.publish(n % 5 === 0 ? "other" : "box", body)));
      const { publications } = await trial.history("box");
      const expected = bodies.filter((_, n) => n % 5 !== 0);
      expect(publications.map(({ data, tags }) => ({ data: Buffer.from(data).toString("hex"), tags }))).toEqual(
        expected.map(({ data, tags }) => ({ data: Buffer.from(data).toString("hex"), tags })),
      );
    });
  });
}
