// Links: a list in order, out of which whoever leaves is gone for good, and which keeps nobody who has left.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Link, Links } from "./links.ts";

function itemsOf(links: Links<number>): number[] {
  const items: number[] = [];
  for (let link = links.first; link !== null && link.item !== null; link = links.first) {
    items.push(link.item);
    link.leave();
  }
  return items;
}

describe("Links", () => {
  it("has those who came and have not left, in the order in which they came", () => {
    const steps = fc.array(fc.oneof(fc.constant("add" as const), fc.record({ leave: fc.nat(20) })));
    fc.assert(
      fc.property(steps, (todo) => {
        const links = new Links<number>();
        const all: Link<number>[] = [];
        const there: number[] = [];
        for (const step of todo) {
          if (step === "add") {
            there.push(all.length);
            const link = new Link(all.length);
            all.push(link);
            links.add(link);
            continue;
          }
          const at = there.indexOf(step.leave);
          const hasLeft = all[step.leave]?.leave() ?? false;
          expect(hasLeft).toBe(at >= 0);
          if (at >= 0) there.splice(at, 1);
          expect(all[step.leave]?.item ?? null).toBeNull();
        }
        expect(itemsOf(links)).toEqual(there);
        expect(links.first).toBeNull();
      }),
    );
  });

  it("takes one that is in another list out of that one", () => {
    const [before, after] = [new Links<number>(), new Links<number>()];
    const link = new Link(1);
    before.add(link);
    before.add(new Link(2));
    after.add(link);
    expect([itemsOf(before), itemsOf(after)]).toEqual([[2], [1]]);
  });

  it("leaves nothing of one who has left where the others can be reached from", () => {
    const links = new Links<number>();
    const [first, second, third] = [new Link(1), new Link(2), new Link(3)];
    for (const link of [first, second, third]) links.add(link);
    second.leave();
    expect([second.item, second.next, second.previous]).toEqual([null, second, second]);
    expect([first.next, third.previous]).toEqual([third, first]);
  });
});
