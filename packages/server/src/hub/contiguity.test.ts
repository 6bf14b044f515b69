// Contiguity under announcements that are lost, doubled, early, reordered, and of another epoch.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Publication } from "../engine/engine.ts";
import { Contiguity } from "./contiguity.ts";

const publication = (offset: number, given: Partial<Publication> = {}): Publication => ({
  id: `id-${offset}`,
  offset,
  previous: offset <= 1 ? null : { offset: offset - 1, id: `id-${offset - 1}` },
  data: new Uint8Array(10),
  form: "json",
  atMs: 0,
  ...given,
});
const ephemeral = (id: string): Publication => publication(0, { id, previous: null });
const start = { epoch: "e", offset: 0 };

/** What came out when `offered` were offered one by one. */
function offerAll(contiguity: Contiguity, offered: readonly Publication[], epoch = "e"): (Publication | "rollback")[] {
  const appended: (Publication | "rollback")[] = [];
  for (const item of offered) {
    if (contiguity.offer(epoch, item) === "append") appended.push(item);
    else continue;
    appended.push(...takeAll(contiguity));
  }
  return appended;
}

function takeAll(contiguity: Contiguity): (Publication | "rollback")[] {
  const taken: (Publication | "rollback")[] = [];
  for (let next = contiguity.next(); next !== null; next = contiguity.next()) taken.push(next);
  return taken;
}

const offsets = (appended: readonly (Publication | "rollback")[]): number[] =>
  appended.map((item) => (item === "rollback" ? -1 : item.offset));

describe("Contiguity", () => {
  it("appends in order whatever the order and however often they come, once each", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(range(1, 30), { minLength: 30 }), fc.array(fc.nat(29)), (order, doubles) => {
        const contiguity = new Contiguity(start);
        const offered = [...order];
        for (const at of doubles) offered.splice(at, 0, order[at] ?? 1);
        expect(
          offsets(
            offerAll(
              contiguity,
              offered.map((offset) => publication(offset)),
            ),
          ),
        ).toEqual(range(1, 30));
        expect(contiguity.waiting).toBe(0);
      }),
      { numRuns: 1_000 },
    );
  });

  it("links what is appended, with history read in between at any time, from any place", () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ announce: fc.integer({ min: 1, max: 40 }) }),
        fc.record({ from: fc.nat(40), count: fc.nat(10) }),
        fc.record({ straggler: fc.integer({ min: 1, max: 40 }) }),
      ),
    );
    fc.assert(
      fc.property(steps, (todo) => {
        const contiguity = new Contiguity(start);
        const appended: (Publication | "rollback")[] = [];
        for (const step of todo) {
          if ("announce" in step) appended.push(...offerAll(contiguity, [publication(step.announce)]));
          else if ("straggler" in step) appended.push(...offerAll(contiguity, [publication(step.straggler)], "other"));
          else {
            for (const offset of range(step.from + 1, Math.min(step.from + step.count, 40))) {
              if (contiguity.accept(publication(offset)) === "append") appended.push(publication(offset));
            }
            appended.push(...takeAll(contiguity));
          }
        }
        expect(offsets(appended)).toEqual(range(1, contiguity.position.offset));
        // Whatever is missing is within history: reading all of it ends every hole.
        for (const offset of range(1, 40))
          if (contiguity.accept(publication(offset)) === "append") appended.push(publication(offset));
        contiguity.forgetThrough(contiguity.ticket);
        expect(offsets(appended)).toEqual(range(1, 40));
        expect(contiguity.waiting).toBe(0);
      }),
      { numRuns: 1_000 },
    );
  });

  it("does not need offsets of 1, 2, 3", () => {
    const contiguity = new Contiguity({ epoch: "e", offset: 7 });
    const after = publication(19, { previous: { offset: 7, id: null } });
    const then = publication(20, { previous: { offset: 19, id: "id-19" } });
    expect(offsets(offerAll(contiguity, [then, after]))).toEqual([19, 20]);
  });

  it("keeps an ephemeral one behind the durable ones that came before it", () => {
    const contiguity = new Contiguity(start);
    expect(contiguity.offer("e", ephemeral("x"))).toBe("append");
    expect(contiguity.offer("e", publication(2))).toBe("wait");
    expect(contiguity.offer("e", ephemeral("y"))).toBe("wait");
    expect(contiguity.offer("e", publication(1))).toBe("append");
    expect(takeAll(contiguity).map((item) => (item === "rollback" ? item : item.id))).toEqual(["id-2", "y"]);
  });

  it("tells a rollback: another id at the same offset, or another predecessor (S8)", () => {
    const contiguity = new Contiguity(start);
    offerAll(contiguity, [publication(1), publication(2)]);
    expect(contiguity.offer("e", publication(2, { id: "other" }))).toBe("rollback");
    expect(contiguity.offer("e", publication(3, { previous: { offset: 2, id: "other" } }))).toBe("rollback");
    expect(contiguity.accept(publication(3, { previous: { offset: 2, id: "other" } }))).toBe("rollback");
    // An id that nobody knows proves nothing.
    expect(contiguity.offer("e", publication(3, { previous: { offset: 2, id: null } }))).toBe("append");
  });

  it("tells a rollback among those that waited", () => {
    const contiguity = new Contiguity(start);
    contiguity.wait("e", publication(2, { id: "other" }));
    contiguity.accept(publication(1));
    contiguity.accept(publication(2));
    expect(takeAll(contiguity)).toEqual(["rollback"]);
  });

  it("drops all that wait on overflow, and says so to whoever read history before", () => {
    const contiguity = new Contiguity(start, { publications: 10, bytes: 1_000 });
    for (const offset of range(2, 11)) contiguity.offer("e", publication(offset));
    const { ticket } = contiguity;
    expect([contiguity.waiting, contiguity.hasLostSince(ticket)]).toEqual([10, false]);
    contiguity.offer("e", publication(12));
    expect([contiguity.waiting, contiguity.hasLostSince(ticket)]).toEqual([0, true]);
    expect(contiguity.hasLostSince(contiguity.ticket)).toBe(false);
  });

  it("bounds the bytes that wait too", () => {
    const contiguity = new Contiguity(start, { publications: 10, bytes: 1_000 });
    contiguity.offer("e", publication(3, { data: new Uint8Array(600) }));
    contiguity.offer("e", publication(4, { data: new Uint8Array(600) }));
    expect(contiguity.waiting).toBe(0);
  });

  it("gives up on those that history should have had, not on those that came after it was asked", () => {
    const contiguity = new Contiguity(start);
    contiguity.offer("old", publication(5));
    const { ticket } = contiguity;
    contiguity.offer("e", publication(3));
    contiguity.forgetThrough(ticket);
    expect(contiguity.waiting).toBe(1);
  });
});

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}
