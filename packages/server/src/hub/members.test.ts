// Members: each reader is told join and leave in turn for each session, and ends up knowing who is here (R2).
import type { Member } from "@tidewire/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plainEncoder, TestReader } from "../testing/test-reader.ts";
import { type MemberCursor, Members } from "./members.ts";

const channel = { name: "c", json: '"c"' };
const member = (session: string, user = ""): Member => ({ session, user });

interface Reader {
  readonly cursor: MemberCursor;
  readonly told: string[];
  gaps: number;
}

function reader(members: Members, outbox: { source: MemberCursor }[]): Reader {
  const subscriber = new TestReader();
  const told: string[] = [];
  const cursor = members.read(
    Object.assign(subscriber, { ready: () => void outbox.push({ source: cursor }) }),
    plainEncoder,
  );
  return { cursor, told, gaps: 0 };
}

function pull({ cursor, told }: Reader): "gap" | "frames" | "later" {
  const pulled = cursor.pull({ pageBytes: 65_536 });
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
    if ((kind === "join") === present.has(session)) throw new Error(`${line} is no change`);
    if (kind === "join") present.add(session);
    else present.delete(session);
  }
  return present;
}

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ toggle: fc.nat(5) }) },
  { weight: 4, arbitrary: fc.record({ pull: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ pause: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ resume: fc.nat(3) }) },
);

describe("Members", () => {
  it("tells every reader join and leave in turn, and in the end who is here", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const members = new Members(channel, 1_000);
        const present = new Set<string>();
        const outbox: { source: MemberCursor }[] = [];
        const readers: { reader: Reader; before: Set<string>; lost: boolean }[] = [];
        for (const todo of steps) {
          if (readers.length < 4) {
            const next = { reader: reader(members, outbox), before: new Set(present), lost: false };
            next.reader.cursor.release();
            readers.push(next);
          }
          if ("toggle" in todo) {
            const session = `s${todo.toggle}`;
            if (present.delete(session)) members.remove(session);
            else members.add(member((present.add(session), session)));
          }
          const one =
            readers["pull" in todo ? todo.pull : "pause" in todo ? todo.pause : "resume" in todo ? todo.resume : 0];
          if (one === undefined) continue;
          if ("pause" in todo) one.reader.cursor.pause();
          if ("resume" in todo) one.reader.cursor.resume();
          if ("pull" in todo && pull(one.reader) === "gap") one.lost = true;
        }
        for (const one of readers) {
          one.reader.cursor.resume();
          if (pull(one.reader) === "gap") one.lost = true;
          if (!one.lost) expect(known(one.reader.told, one.before)).toEqual(present);
        }
        expect(new Set(members.list().map(({ session }) => session))).toEqual(present);
        expect(members.counts.clients).toBe(present.size);
      }),
      { numRuns: 1_000 },
    );
  });

  it("tells a storm of those who leave and return as nothing at all", () => {
    const members = new Members(channel, 10_000);
    for (let at = 0; at < 1_000; at += 1) members.add(member(`s${at}`));
    const outbox: { source: MemberCursor }[] = [];
    const one = reader(members, outbox);
    one.cursor.release();
    for (let at = 0; at < 1_000; at += 1) members.remove(`s${at}`);
    for (let at = 0; at < 1_000; at += 1) members.add(member(`s${at}`));
    expect(outbox).toHaveLength(1);
    expect([pull(one), one.told]).toEqual(["frames", []]);
  });

  it("tells a gap to a reader from before the floor", () => {
    const members = new Members(channel, 100_000);
    const one = reader(members, []);
    one.cursor.release();
    for (let at = 0; at < 3_000; at += 1) {
      members.add(member(`s${at}`));
      members.remove(`s${at}`);
    }
    expect(pull(one)).toBe("gap");
    members.add(member("late"));
    expect([pull(one), one.told]).toEqual(["frames", ["join late"]]);
  });

  it("forgets toggles of one that comes and goes, and keeps the turns right", () => {
    const members = new Members(channel, 100);
    const one = reader(members, []);
    one.cursor.release();
    for (let round = 0; round < 20; round += 1) {
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

  it("tells nobody and shows nobody above its limit, and the net change once below it again", () => {
    const members = new Members(channel, 2);
    const one = reader(members, []);
    one.cursor.release();
    for (const session of ["a", "b"]) members.add(member(session));
    pull(one);
    members.add(member("c"));
    expect(pull(one)).toBe("later");
    expect(() => members.list()).toThrow("presence shows at most 2 members, here are 3");
    expect(members.counts).toEqual({ clients: 3, users: 1 });
    members.remove("a");
    pull(one);
    expect(one.told).toEqual(["join a", "join b", "join c", "leave a"]);
  });

  it("counts a user once however many sessions, until the last has left", () => {
    const members = new Members(channel, 10);
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
    const members = new Members(channel, 10);
    const outbox: { source: MemberCursor }[] = [];
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
