// The witness sees what it is there to see: each fault that is planted, and none in what is right.
import { expect, it } from "vitest";
import { type Faults, noFaults, type Told, Witness } from "./witness.ts";

const acked = new Map([1, 2, 3, 4, 5].map((offset) => [offset * 10, offset]));
const right = [1, 2, 3, 4, 5].map((offset) => ({ offset, value: offset * 10 }));

/** A witness that came back after the third, recovered, and was told so. */
function judge(told: readonly Told[], returnsAfter = 3): Faults {
  const witness = new Witness("tidewire", "a");
  witness.established(false);
  for (const [index, one] of told.entries()) {
    if (index === returnsAfter) witness.established(true);
    witness.heard(one);
  }
  return witness.judge(acked);
}

const [one, two, three, four, five] = right as [Told, Told, Told, Told, Told];

it("finds nothing in what is right, and what was never acked may be there too", () => {
  expect(judge(right)).toEqual(noFaults());
  expect(judge([...right, { offset: 6, value: 7 }])).toEqual(noFaults());
});

it.each<[string, readonly Told[], Partial<Faults>]>([
  ["a loss at the end", [one, two, three, four], { lost: 1 }],
  ["a loss in the middle, which is a hole as well", [one, three, four, five], { lost: 2 }],
  ["a hole behind a return", [one, two, three, five], { lost: 2, falselyRecovered: 1 }],
  ["a repeat", [one, two, three, three, four, five], { repeated: 1 }],
  ["a repeat at another place", [...right, { offset: 6, value: 20 }], { repeated: 1, misplaced: 1 }],
  ["a reorder", [one, three, two, four, five], { lost: 1, reordered: 1 }],
  ["another place than was acked", [one, two, three, four, { offset: 5, value: 60 }], { lost: 1 }],
])("finds %s", (_name, told, faults) => {
  expect(judge(told)).toEqual({ ...noFaults(), ...faults });
});
