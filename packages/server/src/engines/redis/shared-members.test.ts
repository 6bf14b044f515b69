// What a node makes of the members of others, whichever of an answer and an announcement comes first.
import { expect, it } from "vitest";
import type { Member } from "@tidewire/protocol";
import { systemRandom } from "../../ports/random.ts";
import { Keys } from "./keys.ts";
import type { Link } from "./link.ts";
import { SharedMembers } from "./shared-members.ts";

const ann: Member = { session: "s-ann", user: "ann" };
const bob: Member = { session: "s-bob", user: "bob" };

/** A node whose Redis answers when the test says so: the nodes `one` and `two` hold leases. */
function node(): {
  readonly members: SharedMembers;
  readonly told: string[];
  readonly watched: Promise<void>;
  readonly link: Link;
  /** By that number these were there, each as its node says. */
  readonly listed: (number: number, entries: readonly (readonly [node: string, member: Member])[]) => void;
  /** The name under which it speaks. */
  readonly name: () => string;
} {
  const list = Promise.withResolvers<unknown>();
  const told: string[] = [];
  let name = "";
  const run: Link["run"] = async (_keys, args) => {
    if (args[0] === "who") return await list.promise;
    if (args[0] === "lease") name = String(args[1]);
    return args[0] === "lease" ? ["0", name, "one", "two"] : null;
  };
  const unused = (): never => expect.unreachable();
  const link: Link = {
    isOver: false,
    run,
    facts: unused,
    publish: unused,
    subscribe: unused,
    idle: unused,
    fail: unused,
    close: unused,
  };
  const members = new SharedMembers({
    keys: new Keys("test"),
    random: systemRandom,
    asking: (operation) => [operation],
    link: () => link,
    ask: (ask) => ask(link),
    damaged: unused,
  });
  const watched = members.watch("news", ({ kind, member }) => told.push(`${kind} ${member.user}`));
  const listed = (number: number, entries: readonly (readonly [node: string, member: Member])[]): void =>
    list.resolve([
      String(number),
      ...entries.flatMap(([by, member]) => [member.session, Buffer.from(`${by} ${JSON.stringify(member)}`)]),
    ]);
  return { members, told, watched, link, listed, name: () => name };
}

it("what is announced while the list is read counts where the list is older", async () => {
  const { members, told, watched, listed } = node();
  members.heard("news", { number: 6, news: { kind: "leave", node: "one", session: "s-ann" } });
  members.heard("news", { number: 7, news: { kind: "leave", node: "one", session: "s-ann" } });
  members.heard("news", { number: 8, news: { kind: "leave", node: "one", session: "s-bob" } });
  members.heard("news", { number: 9, news: { kind: "enter", node: "one", member: { session: "s-cid", user: "cid" } } });
  // By 7 she was back: both of her departures are in the list.
  listed(7, [
    ["one", ann],
    ["two", bob],
  ]);
  await watched;
  expect(told).toEqual(["join ann", "join bob", "join cid"]);
});

it("a session that is at another node now has not left with the word of the one before", async () => {
  const { members, told, watched, listed } = node();
  listed(0, []);
  await watched;
  members.heard("news", { number: 1, news: { kind: "enter", node: "one", member: ann } });
  members.heard("news", { number: 2, news: { kind: "enter", node: "two", member: ann } });
  members.heard("news", { number: 3, news: { kind: "leave", node: "one", session: "s-ann" } });
  expect(told).toEqual(["join ann"]);
  members.heard("news", { number: 4, news: { kind: "leave", node: "two", session: "s-ann" } });
  members.heard("news", { number: 5, news: { kind: "leave", node: "two", session: "s-ann" } });
  expect(told).toEqual(["join ann", "leave ann"]);
});

it("what it says itself is told to nobody, and neither are its own sessions when another node names them", async () => {
  const { members, told, watched, link, listed, name } = node();
  await members.begin(link);
  members.enter("news", ann);
  listed(0, [
    [name(), ann],
    ["one", { ...ann, user: "not ann" }],
  ]);
  await watched;
  members.heard("news", { number: 1, news: { kind: "enter", node: name(), member: bob } });
  members.heard("news", { number: 2, news: { kind: "enter", node: "two", member: ann } });
  expect(told).toEqual([]);
});
