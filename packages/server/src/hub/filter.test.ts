// Filters: what passes, by its tags, and what is no filter.
import { defineChannel } from "@tidewire/protocol";
import { describe, expect, it } from "vitest";
import { FakeNode } from "../testing/fake-node.ts";
import { type FilterNode, filterOf } from "./filter.ts";

const passes = (node: FilterNode, tags?: Readonly<Record<string, string>>): boolean => filterOf(node).passes(tags);
const leaf = (cmp: string, val?: string): FilterNode => ({ key: "k", cmp, ...(val !== undefined && { val }) });

describe("a filter", () => {
  it.each([
    ["eq", "a", "a", true],
    ["eq", "a", "b", false],
    ["neq", "a", "b", true],
    ["neq", "a", "a", false],
    ["sw", "ab", "abc", true],
    ["sw", "bc", "abc", false],
    ["ew", "bc", "abc", true],
    ["ew", "ab", "abc", false],
    ["ct", "b", "abc", true],
    ["ct", "d", "abc", false],
    ["lt", "10", "9", true],
    ["lt", "10", "10", false],
    ["lte", "10", "10.0", true],
    ["lte", "10", "10.01", false],
    ["gt", "-1", "-0.5", true],
    ["gt", "9", "10", true],
    ["gte", "10", "9.99", false],
    ["gte", "10", "ten", false],
    ["lt", "10", "", false],
    ["ex", undefined, "", true],
    ["nex", undefined, "", false],
  ])("%s %s: %s passes: %s", (...[cmp, val, found, expected]) => {
    expect(passes(leaf(cmp, val), { k: found })).toBe(expected);
  });

  it.each(["eq", "sw", "ew", "ct", "lt", "lte", "gt", "gte", "ex"])("%s: what has no such tag does not pass", (cmp) => {
    expect([passes(leaf(cmp, "1"), {}), passes(leaf(cmp, "1"))]).toEqual([false, false]);
  });

  it.each(["neq", "nex"])("%s: what has no such tag passes", (cmp) => {
    expect([passes(leaf(cmp, "1"), {}), passes(leaf(cmp, "1"))]).toEqual([true, true]);
  });

  it("takes a missing tag for an empty one where it compares with several", () => {
    const within = (cmp: string, vals: string[]): boolean => passes({ key: "k", cmp, vals });
    expect([within("in", ["a", ""]), within("in", ["a"]), within("nin", ["a"]), within("nin", [""])]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(passes({ key: "k", cmp: "in", vals: ["a", "b"] }, { k: "b" })).toBe(true);
  });

  it("joins others", () => {
    const both: FilterNode = { op: "and", nodes: [leaf("sw", "a"), { op: "not", nodes: [leaf("eq", "ab")] }] };
    expect([passes(both, { k: "ac" }), passes(both, { k: "ab" }), passes(both, { k: "b" })]).toEqual([
      true,
      false,
      false,
    ]);
    const either: FilterNode = { op: "or", nodes: [leaf("eq", "a"), leaf("eq", "b")] };
    expect([passes(either, { k: "b" }), passes(either, { k: "c" })]).toEqual([true, false]);
  });

  it("sees no tag that is not its own", () => {
    for (const key of ["constructor", "__proto__", "toString"]) {
      expect([passes({ key, cmp: "ex" }, {}), passes({ key, cmp: "ct", val: "" }, {})]).toEqual([false, false]);
    }
  });

  const wide = (count: number): FilterNode => ({ op: "or", nodes: Array.from({ length: count }, () => leaf("ex")) });
  it("has 32 nodes at most", () => {
    expect(passes(wide(31), { k: "" })).toBe(true);
    expect(() => filterOf(wide(32))).toThrow("at most 32 nodes");
    let deep: FilterNode = leaf("ex");
    for (let depth = 0; depth < 32; depth += 1) deep = { op: "not", nodes: [deep] };
    expect(() => filterOf(deep)).toThrow("at most 32 nodes");
  });

  it.each<FilterNode>([
    {},
    { key: "k" },
    { key: "k", cmp: "is" },
    { key: "k", cmp: "constructor" },
    { key: 1, cmp: "eq" },
    { key: "k", cmp: "eq", val: 1 },
    { key: "k", cmp: "eq", val: "x".repeat(256) },
    { key: "k", cmp: "in", vals: "a" },
    { key: "k", cmp: "in", vals: [1] },
    { key: "k", cmp: "in", vals: Array.from({ length: 33 }, () => "a") },
    { key: "k", cmp: "lt", val: "ten" },
    { op: "xor", nodes: [leaf("ex")] },
    { op: "and" },
    { op: "and", nodes: [] },
    { op: "not", nodes: [leaf("ex"), leaf("ex")] },
    { op: "and", nodes: [null] },
    { op: "and", nodes: [[]] },
  ])("is refused where it is none: %j", (node) => {
    expect(() => filterOf(node)).toThrow(/^tf: /);
  });
});

describe("a filtered subscription", () => {
  const open = defineChannel("f:{name}", { filters: true, deltas: true });
  const closed = defineChannel("c:{name}");
  const body = (n: number, tags?: Readonly<Record<string, string>>): Parameters<FakeNode["hub"]["publish"]>[1] => ({
    data: Buffer.from(String(n)),
    form: "json",
    ...(tags && { tags }),
  });

  it("gets what passes, with its true offset, and nothing of a patch", async () => {
    const node = await FakeNode.start({ channels: [open] });
    const connection = await node.connected();
    const subscribe = { channel: "f:a", delta: "fossil", tf: { key: "t", cmp: "eq", val: "x" } };
    connection.say(JSON.stringify({ id: 2, subscribe }));
    await node.settle();
    await node.hub.publish("f:a", body(1));
    await node.hub.publish("f:a", body(2, { t: "x" }));
    await node.hub.publish("f:a", body(3, { t: "y" }));
    await node.hub.publish("f:a", body(4, { t: "x" }));
    await node.settle();
    expect(connection.lines.slice(1)).toMatchObject([
      { push: { pub: { data: 2, offset: 2 } } },
      { push: { pub: { data: 4, offset: 4 } } },
    ]);
    expect(connection.lines[0]?.["subscribe"]).not.toHaveProperty("delta");
    expect(node.metrics.delivered).toBe(2);
  });

  it("goes on behind what did not pass", async () => {
    const node = await FakeNode.start({ channels: [open] });
    for (const n of [1, 2, 3, 4]) await node.hub.publish("f:a", body(n, { t: n % 2 === 0 ? "x" : "y" }));
    const connection = await node.connected();
    const subscribe = { channel: "f:a", recover: true, offset: 1, epoch: "", tf: { key: "t", cmp: "eq", val: "x" } };
    connection.say(JSON.stringify({ id: 2, subscribe }));
    await node.settle();
    expect(connection.lines).toMatchObject([
      { subscribe: { recovered: true, offset: 1 } },
      { push: { pub: { offset: 2 } } },
      { push: { pub: { offset: 4 } } },
    ]);
    expect(node.metrics.delivered).toBe(2);
  });

  it("is refused where the channel has no filters, and where it is none", async () => {
    const node = await FakeNode.start({ channels: [open, closed] });
    const connection = await node.connected();
    connection.say('{"id":2,"subscribe":{"channel":"c:a","tf":{"key":"k","cmp":"ex"}}}');
    connection.say('{"id":3,"subscribe":{"channel":"f:a","tf":{"key":"k","cmp":"is"}}}');
    await node.settle();
    expect(connection.lines).toMatchObject([
      { id: 2, error: { code: 107 } },
      { id: 3, error: { code: 107 } },
    ]);
  });
});
