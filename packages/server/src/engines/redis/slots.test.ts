import { expect, it } from "vitest";
import { changesIn, movedIn, ownersIn, replicasIn, slotCount, slotOf } from "./slots.ts";

it("slots are Redis' own", () => {
  // As the specification of Redis Cluster has it: the CRC of 123456789 is 0x31c3.
  expect(slotOf("tidewire:{123456789}:lane")).toBe(0x31c3 % slotCount);
  // As `CLUSTER KEYSLOT` says.
  expect(["{0}", "{1}", "{255}", "tidewire:{42}:c:a{b}c"].map(slotOf)).toEqual([13_907, 9_842, 14_163, 8_000]);
});

it("owners, by ranges; a server that does not know its own address is where it was asked", () => {
  const reply = [
    [0, 5, ["10.0.0.1", 6379, "id", []], ["10.0.0.2", 6379, "id", []]],
    [6, 6, ["", 6380, "id"]],
    [7, 7, [null, 6381, "id"]],
    [8, 8, ["?", 6382, "id"]],
    [9, 9, ["10.0.0.3", 0, "id"]],
    ["what is this"],
    [slotCount - 1, slotCount + 1_000_000_000, ["10.0.0.4", 6379, "id"]],
  ];
  const owners = ownersIn(reply, "seed");
  expect(owners.get(0)).toEqual({ host: "10.0.0.1", port: 6379 });
  expect([6, 7, 8].map((slot) => owners.get(slot))).toEqual([6380, 6381, 6382].map((port) => ({ host: "seed", port })));
  expect(owners.has(9)).toBe(false);
  expect(owners.size).toBe(10);
  expect(ownersIn("nothing", "seed").size).toBe(0);
});

it("where a slot has moved to", () => {
  expect(movedIn("MOVED 3999 127.0.0.1:6381", "seed")).toEqual({ host: "127.0.0.1", port: 6381 });
  expect(movedIn("MOVED 3999 :6381", "seed")).toEqual({ host: "seed", port: 6381 });
  expect(movedIn("MOVED 3999 ::1:6381", "seed")).toEqual({ host: "::1", port: 6381 });
  expect(movedIn("ASK 3999 127.0.0.1:6381", "seed")).toBeNull();
  expect(movedIn("MOVED 3999 127.0.0.1:99999", "seed")).toBeNull();
});

it("how a cluster is", () => {
  expect(changesIn("cluster_state:ok\r\ncluster_current_epoch:7\r\n")).toBe(7);
  expect(changesIn("cluster_state:fail\r\ncluster_current_epoch:7\r\n")).toBeNull();
  const nodes = [
    "a 10.0.0.1:6379@16379 myself,master - 0 0 1 connected 0-16383",
    "b 10.0.0.2:6379@16379 slave a 0 0 1 connected",
    "c 10.0.0.3:6379@16379 slave,fail a 0 0 1 disconnected",
    "d 10.0.0.4:6379@16379 myself,slave a 0 0 1 connected",
  ];
  expect(replicasIn(nodes.join("\n"))).toBe(3);
});
