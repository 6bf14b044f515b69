// Members: each reader is told join and leave in turn for each session, and ends up knowing who is here (R2).
import type { Member } from "@tidewire/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Metrics } from "../ports/metrics.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { plainEncoder, TestReader } from "../testing/test-reader.ts";
import type { Cursor } from "./cursor.ts";
import { Members } from "./members.ts";
import { Wheel } from "./wheel.ts";

const channel = { name: "c", json: '"c"', number: 1 };
const member = (session: string, user = ""): Member => ({ session, user });

function membersOf(shown: number, clock = new FakeClock()): Members {
  return new Members(channel, {
    shown,
    clock,
    others: null,
    facts: null,
    metrics: new Metrics(),
    wheel: new Wheel(clock),
  });
}

interface Reader {
  readonly cursor: Cursor;
  readonly told: string[];
  gaps: number;
}

function reader(members: Members, outbox: { source: Cursor }[]): Reader {
  const subscriber = new TestReader();
  const told: string[] = [];
  const cursor = members.read(
    Object.assign(subscriber, { ready: () => void outbox.push({ source: cursor }) }),
    plainEncoder,
  );
  return { cursor, told, gaps: 0 };
}

function pull({ cursor, told }: Reader, pageBytes = 65_536): "gap" | "frames" | "later" {
  const pulled = cursor.pull({ pageBytes, tableBytes: pageBytes });
  if (pulled.kind === "frames") {
    told.push(...Buffer.concat(pulled.frames).toString().split(";").slice(0, -1));
  }
  return pulled.kind;
}

/** Who is here for somebody who was told this; throws when a session came twice or left before it came. */
function known(told: readonly string[], before: ReadonlySet<string>): Set<string> {
  const present = new Set(before);
  for (const line of told) {
    const [kind, session = ""] = line.split(" ");
    if (kind === "counts" || kind === "listed") continue;
    if ((kind === "join") === present.has(session)) throw new Error(`${line} is no change`);
    if (kind === "join") present.add(session);
    else present.delete(session);
  }
  return present;
}

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ toggle: fc.nat(9) }) },
  { weight: 4, arbitrary: fc.record({ pull: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ pause: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ resume: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ shrink: fc.constant(true) }) },
);

describe("Members", () => {
  it("tells every reader join and leave in turn, and in the end who is here", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 2, max: 8 }), (steps, shown) => {
        const clock = new FakeClock();
        const members = membersOf(shown, clock);
        const present = new Set<string>();
        const outbox: { source: Cursor }[] = [];
        const readers: { reader: Reader; before: Set<string>; lost: boolean; isOfCrowd: boolean }[] = [];
        for (const todo of steps) {
          if (readers.length < 4) {
            // Who comes into a crowd is shown nobody, and has nobody to be told the leave of.
            const isOfCrowd = members.tail.isCrowd;
            const next = { reader: reader(members, outbox), before: new Set(present), lost: isOfCrowd, isOfCrowd };
            next.reader.cursor.release();
            readers.push(next);
          }
          if ("toggle" in todo) {
            const session = `s${todo.toggle}`;
            if (present.delete(session)) members.remove(session);
            else members.add(member((present.add(session), session)));
            clock.advance(300);
          }
          if ("shrink" in todo) members.shrink();
          const one =
            readers["pull" in todo ? todo.pull : "pause" in todo ? todo.pause : "resume" in todo ? todo.resume : 0];
          if (one === undefined) continue;
          if ("pause" in todo) one.reader.cursor.pause();
          if ("resume" in todo) one.reader.cursor.resume();
          if ("pull" in todo && pull(one.reader, 20) === "gap") Object.assign(one, { lost: true, isOfCrowd: false });
        }
        for (const session of [...present].slice(shown)) {
          present.delete(session);
          members.remove(session);
        }
        clock.advance(1_100);
        for (const one of readers) {
          one.reader.cursor.resume();
          for (let outcome = pull(one.reader); outcome !== "later"; outcome = pull(one.reader)) {
            if (outcome === "gap") Object.assign(one, { lost: true, isOfCrowd: false });
          }
          if (one.isOfCrowd) expect(one.reader.told.join()).toContain("listed");
          if (!one.lost) expect(known(one.reader.told, one.before)).toEqual(present);
        }
        expect(new Set(members.list().map(({ session }) => session))).toEqual(present);
        expect(members.counts.clients).toBe(present.size);
      }),
      { numRuns: 1_000 },
    );
  });

  it("tells a storm of those who leave and return as nothing at all", () => {
    const members = membersOf(10_000);
    for (let at = 0; at < 1_000; at += 1) members.add(member(`s${at}`));
    const outbox: { source: Cursor }[] = [];
    const one = reader(members, outbox);
    one.cursor.release();
    for (let at = 0; at < 1_000; at += 1) members.remove(`s${at}`);
    for (let at = 0; at < 1_000; at += 1) members.add(member(`s${at}`));
    expect(outbox).toHaveLength(1);
    expect([pull(one), one.told]).toEqual(["frames", []]);
  });

  it("tells a gap to a reader from before the floor, and then everybody", () => {
    const members = membersOf(100);
    members.add(member("first"));
    const one = reader(members, []);
    one.cursor.release();
    for (let at = 0; at < 201; at += 1) {
      members.add(member(`s${at}`));
      members.remove(`s${at}`);
    }
    members.add(member("here"));
    expect(pull(one)).toBe("gap");
    expect([pull(one), known(one.told, new Set())]).toEqual(["frames", new Set(["first", "here"])]);
    members.add(member("late"));
    expect([pull(one), one.told.at(-1)]).toEqual(["frames", "join late"]);
  });

  it("forgets who has left when every reader was told, or nobody asks to be", () => {
    const members = membersOf(1_000);
    const come = (from: number): void => {
      for (let at = from; at < from + 100; at += 1) {
        members.add(member(`s${at}`));
        members.remove(`s${at}`);
      }
    };
    const { bytes } = members;
    come(0);
    expect(members.bytes).toBeGreaterThan(bytes);
    members.shrink();
    expect(members.bytes).toBe(bytes);
    const one = reader(members, []);
    one.cursor.release();
    come(100);
    while (pull(one) !== "later");
    members.shrink();
    expect(members.bytes).toBe(bytes);
    members.add(member("late"));
    expect([pull(one), one.told]).toEqual(["frames", ["join late"]]);
    one.cursor.close();
    members.remove("late");
    members.shrink();
    expect(members.bytes).toBe(bytes);
  });

  it("keeps who has left for a reader that is not told of it yet", () => {
    const members = membersOf(1_000);
    for (const session of ["a", "b"]) members.add(member(session));
    const [born, resting, slow, quick] = [0, 1, 2, 3].map(() => reader(members, [])) as [
      Reader,
      Reader,
      Reader,
      Reader,
    ];
    for (const one of [resting, slow, quick]) one.cursor.release();
    resting.cursor.pause();
    members.remove("a");
    pull(quick);
    members.shrink();
    born.cursor.release();
    resting.cursor.resume();
    for (const one of [born, resting, slow]) pull(one);
    expect([born, resting, slow, quick].map(({ told }) => told)).toEqual([1, 2, 3, 4].map(() => ["leave a"]));
  });

  it("keeps of those who come and go while a reader rests none that it has not to be told of", () => {
    const members = membersOf(1_000);
    for (const session of ["a", "b"]) members.add(member(session));
    const one = reader(members, []);
    one.cursor.release();
    one.cursor.pause();
    members.remove("a");
    const { bytes } = members;
    for (let at = 0; at < 100; at += 1) {
      members.add(member(`s${at}`));
      members.remove(`s${at}`);
    }
    members.shrink();
    expect(members.bytes).toBe(bytes);
    one.cursor.resume();
    expect([pull(one), one.told]).toEqual(["frames", ["leave a"]]);
  });

  it("keeps who has left for a reader that is to be told first that it came", () => {
    const members = membersOf(1_000);
    const one = reader(members, []);
    one.cursor.release();
    for (const session of ["a", "b", "c"]) members.add(member(session));
    pull(one, 7);
    members.remove("c");
    members.shrink();
    while (pull(one, 7) !== "later");
    expect(one.told).toEqual(["join a", "join b", "join c", "leave c"]);
  });

  it("keeps who has left in a crowd, until it is over and has been told", () => {
    const clock = new FakeClock();
    const members = membersOf(2, clock);
    for (const session of ["a", "b"]) members.add(member(session));
    const one = reader(members, []);
    one.cursor.release();
    for (const session of ["c", "d"]) members.add(member(session));
    members.remove("a");
    clock.advance(1_100);
    pull(one);
    members.shrink();
    members.remove("d");
    clock.advance(1_100);
    expect([pull(one), one.told]).toEqual(["frames", ["counts 3", "join c", "leave a", "listed 2"]]);
  });

  it("forgets toggles of one that comes and goes, and keeps the turns right", () => {
    const members = membersOf(100);
    members.add(member("first"));
    const one = reader(members, []);
    one.cursor.release();
    for (let round = 0; round < 40; round += 1) {
      members.add(member("s"));
      members.remove("s");
    }
    members.add(member("s"));
    const late = reader(members, []);
    late.cursor.release();
    expect(pull(one)).toBe("gap");
    members.remove("s");
    expect([pull(late), late.told]).toEqual(["frames", ["leave s"]]);
  });

  it("shows nobody above its limit, tells how many there are, and the net change once below it again", () => {
    const clock = new FakeClock();
    const members = membersOf(2, clock);
    const one = reader(members, []);
    one.cursor.release();
    for (const session of ["a", "b"]) members.add(member(session));
    pull(one);
    members.add(member("c"));
    members.add(member("d"));
    expect(pull(one)).toBe("later");
    clock.advance(1_100);
    pull(one);
    expect(() => members.list()).toThrow("presence shows at most 2 members, here are 4");
    expect(members.counts).toEqual({ clients: 4, users: 1 });
    clock.advance(5_000);
    expect(pull(one)).toBe("later");
    for (const session of ["d", "a"]) members.remove(session);
    // Whoever had a list now would not be told of what changed since.
    expect(() => members.list()).toThrow("presence shows at most 2 members");
    clock.advance(1_100);
    pull(one);
    expect(members.list()).toHaveLength(2);
    expect(one.told).toEqual(["join a", "join b", "counts 4", "join c", "leave a", "listed 2"]);
  });

  it("tells that they are listed again though nobody came or left in sum, once, and keeps nothing of it", () => {
    const clock = new FakeClock();
    const members = membersOf(2, clock);
    for (const session of ["a", "b"]) members.add(member(session));
    const one = reader(members, []);
    one.cursor.release();
    const { bytes } = members;
    members.add(member("c"));
    clock.advance(1_100);
    pull(one);
    // However often the border is crossed, it is said once a second.
    for (let at = 0; at < 10; at += 1) {
      members.remove("c");
      members.add(member("c"));
    }
    members.remove("c");
    clock.advance(1_100);
    expect([pull(one), one.told]).toEqual(["frames", ["counts 3", "listed 2"]]);
    expect(pull(one)).toBe("later");
    members.shrink();
    expect(members.bytes).toBe(bytes);
  });

  it("keeps nothing of a crowd's comings and goings, so that those from before it miss nothing", () => {
    const clock = new FakeClock();
    const members = membersOf(3, clock);
    for (const session of ["a", "b", "c"]) members.add(member(session));
    const one = reader(members, []);
    one.cursor.release();
    const { bytes } = members;
    members.add(member("d"));
    for (let at = 0; at < 1_000; at += 1) members.add(member(`s${at}`));
    for (let at = 0; at < 1_000; at += 1) members.remove(`s${at}`);
    members.remove("a");
    clock.advance(1_100);
    expect([pull(one), known(one.told, new Set(["a", "b", "c"]))]).toEqual(["frames", new Set(["b", "c", "d"])]);
    expect(members.bytes).toBeLessThan(2 * bytes + 1_000);
  });

  it("tells whoever comes into a crowd at once how many there are", () => {
    const members = membersOf(1);
    for (const session of ["a", "b"]) members.add(member(session));
    const one = reader(members, []);
    members.add(member("c"));
    one.cursor.release();
    expect([pull(one), one.told]).toEqual(["frames", ["counts 3"]]);
  });

  it("tells nobody's leave whose coming it never told, wherever a page ends", () => {
    const members = membersOf(1_000);
    const one = reader(members, []);
    one.cursor.release();
    for (const session of ["k", "a", "b", "c"]) members.add(member(session));
    members.remove("k");
    while (pull(one, 14) !== "later");
    expect(one.told).toEqual(["join a", "join b", "join c"]);
  });

  it("goes on after a pause with the page it was at: nobody is told twice (R2)", () => {
    const members = membersOf(1_000);
    members.add(member("k"));
    const one = reader(members, []);
    one.cursor.release();
    for (const session of ["a", "b"]) members.add(member(session));
    members.remove("k");
    pull(one, 7);
    one.cursor.pause();
    expect(pull(one, 7)).toBe("later");
    members.remove("a");
    one.cursor.resume();
    while (pull(one, 7) !== "later");
    expect(one.told).toEqual(["join a", "join b", "leave k", "leave a"]);
  });

  it("gives a page at a time", () => {
    const members = membersOf(1_000);
    const one = reader(members, []);
    one.cursor.release();
    for (let at = 0; at < 500; at += 1) members.add(member(`s${at}`));
    const pages = [];
    for (let more = true; more;) {
      const pulled = one.cursor.pull({ pageBytes: 1_000, tableBytes: 1_000 });
      if (pulled.kind !== "frames") throw new Error(pulled.kind);
      pages.push(Buffer.concat(pulled.frames).toString());
      ({ more } = pulled);
    }
    expect(pages.every((page) => page.length <= 1_000)).toBe(true);
    expect(known(pages.join("").split(";").slice(0, -1), new Set()).size).toBe(500);
  });

  it("counts a user once however many sessions, until the last has left", () => {
    const members = membersOf(10);
    members.add(member("a", "ann"));
    members.add(member("b", "ann"));
    members.add(member("b", "ann"));
    members.remove("a");
    members.remove("a");
    expect(members.counts).toEqual({ clients: 1, users: 1 });
    members.remove("b");
    expect(members.counts).toEqual({ clients: 0, users: 0 });
  });

  it("says nothing before its release, nor after its end", () => {
    const members = membersOf(10);
    const outbox: { source: Cursor }[] = [];
    const one = reader(members, outbox);
    members.add(member("a"));
    expect([outbox.length, pull(one)]).toEqual([0, "later"]);
    one.cursor.release();
    expect(outbox).toHaveLength(1);
    one.cursor.close();
    members.add(member("b"));
    expect([outbox.length, pull(one)]).toEqual([1, "later"]);
  });
});
