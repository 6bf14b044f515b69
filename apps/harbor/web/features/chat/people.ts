// The people in a room: members are sessions, and somebody with two tabs open is one person.
import type { Member } from "@tidewire/protocol";
import type { PersonShown } from "../../../contract/person.ts";

export interface Person {
  readonly id: string;
  readonly name: string;
  /** Open tabs and devices. */
  readonly sessions: number;
}

const byName = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });

export function peopleFrom(members: readonly Member<PersonShown>[]): readonly Person[] {
  const people = new Map<string, Person>();
  for (const { user, info } of members) {
    if (info === undefined) continue;
    people.set(user, { id: user, name: info.name, sessions: (people.get(user)?.sessions ?? 0) + 1 });
  }
  return [...people.values()].toSorted((one, other) => byName.compare(one.name, other.name));
}
