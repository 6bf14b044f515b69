// Everybody a room knows: who is here, and who wrote what is loaded of it. Of several with one name the one who is here.
import { type Author, nameKey } from "../../../contract/person.ts";

export interface KnownPerson extends Author {
  readonly isHere: boolean;
}

/** Whose name somebody else wrote. */
export type MentionOf = "me" | "other";

/** By the keys of their names. */
export type RoomPeople = ReadonlyMap<string, KnownPerson>;

interface RoomPeopleSource {
  readonly here: readonly Author[];
  /** Oldest first. */
  readonly messages: readonly { readonly author: Author }[];
  readonly me: Author;
}

export function roomPeople({ here, messages, me }: RoomPeopleSource): RoomPeople {
  const people = new Map<string, KnownPerson>();
  const add = ({ id, name }: Author, isHere: boolean): void => void people.set(nameKey(name), { id, name, isHere });
  const authors = new Map(messages.map(({ author }) => [author.id, author]));
  // The later ones count: who wrote last, who is here, oneself.
  for (const author of authors.values()) add(author, false);
  for (const person of here) add(person, true);
  add(me, true);
  return people;
}

/**
 * Whether a name's key is somebody's, and whether that is oneself.
 * @param named Ids of those whom the room does not know; `null`: nobody has that name.
 */
export function mentionOf(
  people: RoomPeople,
  named: ReadonlyMap<string, string | null>,
  me: Author,
): (key: string) => MentionOf | undefined {
  return (key) => {
    const id = people.get(key)?.id ?? named.get(key) ?? null;
    return id === null ? undefined : id === me.id ? "me" : "other";
  };
}

const byName = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });
/**
 * Who may be meant by what was typed so far: names that begin with it, then names with a word that does; those who are here
 * before those who are not. Oneself is nobody to be called.
 */
export function choicesFor(typed: string, people: RoomPeople, me: Author): readonly KnownPerson[] {
  // Behind a space only a longer name goes on: what stands before it may be a name by itself.
  const wanted = /\s$/.test(typed) ? `${nameKey(typed)} ` : nameKey(typed);
  const found: { readonly person: KnownPerson; readonly rank: number }[] = [];
  for (const [key, person] of people) {
    if (person.id === me.id) continue;
    const isFirst = key.startsWith(wanted);
    if (!isFirst && !key.includes(` ${wanted}`)) continue;
    found.push({ person, rank: (person.isHere ? 0 : 2) + (isFirst ? 0 : 1) });
  }
  found.sort((one, other) => one.rank - other.rank || byName.compare(one.person.name, other.person.name));
  return found.map(({ person }) => person);
}
