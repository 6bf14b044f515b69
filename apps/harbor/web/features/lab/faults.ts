// What can be done to the line: names, and what to expect of each.
import {
  type ActiveFault,
  lastingFault,
  lastingFaults,
  type LastingFault,
  type Strike,
} from "../../../contract/lab.ts";

export const faultNames: Readonly<Record<ActiveFault["fault"], string>> = {
  delay: "Delay",
  slow: "Slow line",
  slices: "One byte at a time",
  freeze: "Freeze",
  cuts: "Cut every 5 s",
  unplug: "Unplug",
  "half-open": "Half-open",
};

const { delay, slow, slices, freeze, cuts, unplug } = lastingFaults;
const seconds = ({ lastsMs }: { readonly lastsMs: number }): string => `${lastsMs / 1_000} s`;

export interface FaultWords {
  readonly name: string;
  /** What it does. */
  readonly does: string;
  /** What to expect. */
  readonly expect: string;
}

export const strikes: Readonly<Record<Strike, FaultWords & { readonly verb: string; readonly did: string }>> = {
  cut: {
    name: "Cut the socket",
    verb: "Cut",
    did: "You cut the socket",
    does: "A reset, out of nothing.",
    expect: "The page is back in a second or two and gets what it missed.",
  },
  "half-open": {
    name: "Go half-open",
    verb: "Go",
    did: "You made the line half-open",
    does: "Nothing passes any more, and neither side is told.",
    expect: "The page finds out when no ping comes, within 35 s.",
  },
};

export interface LastingWords extends FaultWords {
  readonly fault: LastingFault;
}

export const lasting: readonly LastingWords[] = lastingFault.options.map((fault) => ({
  fault,
  name: faultNames[fault],
  ...expectations()[fault],
}));

function expectations(): Readonly<Record<LastingFault, Omit<FaultWords, "name">>> {
  return {
    delay: {
      does: `Everything is ${delay.delayMs} to ${delay.delayMs + delay.jitterMs} ms late, for ${seconds(delay)}.`,
      expect: "Numbers come unevenly, in order.",
    },
    slow: {
      does: `${slow.bytesPerSecond} bytes a second, for ${seconds(slow)}: half of what the numbers need.`,
      expect: "They come later and later, and then all at once.",
    },
    slices: {
      does: `Frames come in pieces of ${slices.sliceBytes} byte, for ${seconds(slices)}.`,
      expect: "They take a little longer, and that is all.",
    },
    freeze: {
      does: `Nothing is read or written for ${seconds(freeze)}: too short for either side to give up.`,
      expect: "The same connection goes on, with everything at once.",
    },
    cuts: {
      does: `A reset every ${cuts.cutEveryMs / 1_000} s, for ${seconds(cuts)}.`,
      expect: "Each time the page goes on where it was.",
    },
    unplug: {
      does: `Cut, and every new connection is refused for ${seconds(unplug)}.`,
      expect: "The page tries again after longer and longer waits.",
    },
  };
}
