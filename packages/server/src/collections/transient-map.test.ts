// TransientMap: a map as others are, but for what V8 keeps of one that many pass through.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { TransientMap } from "./transient-map.ts";

type Passed = Pick<TransientMap<number, object>, "set" | "delete">;

const comers = 1_000;
const eachBytes = 16_000;

/** Bytes that are left of those who have passed through, when young garbage was collected. */
function leftOf(map: Passed): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as (options?: { readonly type: "minor" }) => void;
  // In the old space, as one is that has been there for a while.
  map.set(-1, {});
  collect();
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < comers; n += 1) {
    map.set(
      n,
      Array.from({ length: eachBytes / 8 }, () => n + 0.5),
    );
    map.delete(n - 30);
  }
  collect({ type: "minor" });
  collect({ type: "minor" });
  return process.memoryUsage().heapUsed - before;
}

describe("TransientMap", () => {
  it("has what was put in and not taken out, in the order in which their keys came", () => {
    const map = new TransientMap<string, { readonly n: number }>();
    map.set("a", { n: 1 });
    map.set("b", { n: 2 });
    map.set("c", { n: 3 });
    map.set("a", { n: 4 });
    expect([map.delete("b"), map.delete("b"), map.delete("d")]).toEqual([true, false, false]);
    expect([map.size, map.get("a")?.n, map.get("b"), [...map.values()].map(({ n }) => n)]).toEqual([
      2,
      4,
      undefined,
      [4, 3],
    ]);
    map.clear();
    expect([map.size, map.get("a"), [...map.values()]]).toEqual([0, undefined, []]);
  });

  it("lets those go who have left without a full collection", () => {
    // Of a Map it is more than half of all of them.
    expect(leftOf(new TransientMap())).toBeLessThan((comers * eachBytes) / 4);
  });
});
