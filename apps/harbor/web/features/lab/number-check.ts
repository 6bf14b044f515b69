// Compares the numbers that a page was handed with the server's own list of them. Pure.

export interface NumberCheck {
  /** As they were handed over. */
  readonly here: readonly number[];
  /** The server's list, from the first that came. */
  readonly list: readonly number[];
  /** Behind these the channel told of a gap. */
  readonly toldAfter: readonly number[];
  /** How many were found whole before `here` begins. */
  readonly settled: number;
}

export const emptyCheck: NumberCheck = { here: [], list: [], toldAfter: [], settled: 0 };

export interface Faults {
  readonly missing: readonly number[];
  readonly repeated: readonly number[];
  /** Here, and not on the server's list. */
  readonly unknown: readonly number[];
  /** Here after something that stands behind it on the server's list. */
  readonly misplaced: readonly number[];
}

export type Verdict =
  | { readonly kind: "nothing" }
  | { readonly kind: "good"; readonly count: number }
  /** Numbers are missing, and the channel said so. */
  | { readonly kind: "told"; readonly count: number; readonly missing: readonly number[] }
  | ({ readonly kind: "bad"; readonly count: number } & Faults);

/** Judges what both sides have: what the list has beyond is on its way, what is here beyond was made since it was read. */
export function verdictOf({ here, list, toldAfter, settled }: NumberCheck): Verdict {
  const upTo = Math.min(
    here.reduce((most, number) => Math.max(most, number), 0),
    list.at(-1) ?? 0,
  );
  const expected = list.filter((number) => number <= upTo);
  if (expected.length === 0) return { kind: "nothing" };
  const count = settled + expected.length;
  const faults = faultsIn(
    here.filter((number) => number <= upTo),
    expected,
  );
  const silent = faults.missing.filter((number) => !isTold(number, here, toldAfter));
  const others = faults.repeated.length + faults.unknown.length + faults.misplaced.length;
  if (silent.length > 0 || others > 0) return { kind: "bad", count, ...faults, missing: silent };
  return faults.missing.length > 0 ? { kind: "told", count, missing: faults.missing } : { kind: "good", count };
}

function faultsIn(here: readonly number[], list: readonly number[]): Faults {
  const listed = new Set(list);
  const seen = new Set<number>();
  const repeated: number[] = [];
  const unknown: number[] = [];
  const misplaced: number[] = [];
  let furthest = 0;
  for (const number of here) {
    if (seen.has(number)) repeated.push(number);
    else if (!listed.has(number)) unknown.push(number);
    else if (number < furthest) misplaced.push(number);
    furthest = Math.max(furthest, number);
    seen.add(number);
  }
  return { missing: list.filter((number) => !seen.has(number)), repeated, unknown, misplaced };
}

/** A gap was told of between the number here that comes before it and the one that comes after it. */
function isTold(number: number, here: readonly number[], toldAfter: readonly number[]): boolean {
  const before = here.reduce((most, each) => (each < number ? Math.max(most, each) : most), 0);
  return toldAfter.includes(before);
}

/** How many the server has made that are not here yet. */
export function onTheirWay({ here, list }: NumberCheck): number {
  const last = here.at(-1) ?? Number.POSITIVE_INFINITY;
  return list.filter((number) => number > last).length;
}

/** Above it, what was found whole is counted and no longer kept. */
const mostKept = 5_000;
const keptAfterwards = 500;

/** Forgets what is known to be whole, so that a page that is open for a day does not compare a day's numbers. */
export function settle(check: NumberCheck): NumberCheck {
  if (check.here.length < mostKept || verdictOf(check).kind !== "good") return check;
  const most = check.here.length - keptAfterwards;
  const isHere = check.list.length >= most;
  if (!isHere) return check;
  return { ...check, here: check.here.slice(most), list: check.list.slice(most), settled: check.settled + most };
}

/** One sentence, as in "All 42 numbers are here, in order, once." */
export function verdictSentence(verdict: Verdict): string {
  switch (verdict.kind) {
    case "nothing":
      return "No number has come yet.";
    case "good":
      return verdict.count === 1
        ? "The one number is here, once."
        : `All ${counted(verdict.count)} numbers are here, in order, once.`;
    case "told":
      return `Of ${counted(verdict.count)} numbers ${verdict.missing.length} are missing, and the server said so.`;
    case "bad": {
      const words = [
        named(verdict.missing, "missing"),
        named(verdict.repeated, "here twice"),
        named(verdict.misplaced, "out of order"),
        named(verdict.unknown, "not on the server's list"),
      ];
      return `Of ${counted(verdict.count)} numbers: ${words.filter((each) => each !== "").join(", ")}.`;
    }
  }
}

const mostNamed = 3;

function named(numbers: readonly number[], what: string): string {
  if (numbers.length === 0) return "";
  const more = numbers.length > mostNamed ? " …" : "";
  return `${numbers.length} ${what} (${numbers.slice(0, mostNamed).join(", ")}${more})`;
}

function counted(count: number): string {
  return count.toLocaleString("en");
}
