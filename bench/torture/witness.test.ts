// The witness and the ledger see what they are there to see: each fault that is planted, and none in what is right.
import { expect, it } from "vitest";
import { Ledger } from "./ledger.ts";
import { type Faults, noFaults, Witness } from "./witness.ts";

const epoch = "a";
const top = { epoch, offset: 5 };

/** Of a witness that came back after the third publication, recovered. */
function judge(offsets: readonly number[], returnsAfter = 3): Faults {
  const witness = new Witness("tidewire", "a");
  witness.established({ recovered: false, position: { epoch, offset: 0 } });
  for (const [index, offset] of offsets.entries()) {
    if (index === returnsAfter) witness.established({ recovered: true, position: { epoch, offset: 3 } });
    witness.heard({ epoch, offset });
  }
  witness.settled(top);
  return witness.faults;
}

it("finds nothing in what is right", () => {
  expect(judge([1, 2, 3, 4, 5])).toEqual(noFaults());
  expect(judge([1, 2, 3, 4, 5, 6])).toEqual(noFaults());
});

it.each<[string, readonly number[], Partial<Faults>]>([
  ["a loss at the end", [1, 2, 3, 4], { lost: 1 }],
  ["a loss at the beginning", [2, 3, 4, 5], { lost: 1 }],
  ["a loss in the middle", [1, 3, 4, 5], { lost: 1 }],
  ["a hole behind a return", [1, 2, 3, 5], { lost: 1, falselyRecovered: 1 }],
  ["a repeat", [1, 2, 3, 3, 4, 5], { repeated: 1 }],
  ["a repeat of something older", [1, 2, 3, 4, 1, 5], { repeated: 1 }],
  ["a reorder, which is a hole first", [1, 3, 2, 4, 5], { lost: 1, reordered: 1 }],
])("finds %s", (_name, offsets, faults) => {
  expect(judge(offsets)).toEqual({ ...noFaults(), ...faults });
});

function witnessAt(offset: number): Witness {
  const witness = new Witness("tidewire", "a");
  witness.established({ recovered: false, position: { epoch, offset: 0 } });
  for (let next = 1; next <= offset; next += 1) witness.heard({ epoch, offset: next });
  return witness;
}

it("holds nobody to what it was told is missing, and to everything after it", () => {
  const other = "b";
  const told = witnessAt(3);
  told.established({ recovered: false, position: { epoch: other, offset: 7 } });
  told.heard({ epoch: other, offset: 8 });
  told.gap({ epoch: other, offset: 10 });
  told.heard({ epoch: other, offset: 11 });
  told.settled({ epoch: other, offset: 11 });
  expect(told.faults).toEqual(noFaults());
  told.heard({ epoch: other, offset: 13 });
  expect(told.faults).toEqual({ ...noFaults(), lost: 1 });
});

it("finds another epoch that nobody told of, or that is said to be recovered", () => {
  const silent = witnessAt(3);
  silent.heard({ epoch: "b", offset: 4 });
  expect(silent.faults).toEqual({ ...noFaults(), lost: 1 });
  const recovered = witnessAt(3);
  recovered.established({ recovered: true, position: { epoch: "b", offset: 3 } });
  expect(recovered.faults).toEqual({ ...noFaults(), falselyRecovered: 1 });
  const behind = witnessAt(3);
  behind.settled({ epoch: "b", offset: 3 });
  expect(behind.faults).toEqual({ ...noFaults(), lost: 1 });
});

it("finds two values at one place, one at two places, and acks that the log does not have", () => {
  const ledger = new Ledger({ keepsAcked: true });
  for (const offset of [1, 2, 3]) ledger.ack(offset * 10, { epoch, offset, durability: "fsync" });
  ledger.learn({ epoch, offset: 2 }, 20);
  expect([ledger.misplaced, ledger.doubled]).toEqual([0, 0]);
  // The same log under another epoch is the same log.
  ledger.learn({ epoch: "b", offset: 2 }, 20);
  expect([ledger.misplaced, ledger.doubled]).toEqual([0, 0]);
  ledger.learn({ epoch, offset: 2 }, 40);
  expect([ledger.misplaced, ledger.doubled]).toEqual([1, 0]);
  ledger.learn({ epoch, offset: 5 }, 10);
  ledger.learn({ epoch: "b", offset: 6 }, 10);
  expect([ledger.misplaced, ledger.doubled]).toEqual([1, 2]);
  expect(ledger.close([{ position: { epoch: "b", offset: 1 }, value: 10 }])).toBe(2);
});

it("lets what was lost within the promise be published anew, under another epoch", () => {
  const ledger = new Ledger({ keepsAcked: false });
  ledger.ack(1, { epoch, offset: 5, durability: "volatile" });
  ledger.learn({ epoch: "b", offset: 1 }, 1);
  expect(ledger.doubled).toBe(0);
  ledger.learn({ epoch: "b", offset: 2 }, 1);
  expect(ledger.doubled).toBe(1);
});
