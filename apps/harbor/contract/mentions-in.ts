// Mentions in a text, by the one rule that the server orders notices by and the page shows them by.
import { maxNameLength, nameKey } from "./person.ts";

/** More mentions in one message are read as text. */
export const mostMentions = 10;

/** Somebody who is mentioned, and where: `text.slice(from, to)` begins with the "@". */
export interface Mentioned<Person> {
  readonly from: number;
  readonly to: number;
  readonly person: Person;
}

/** A beginning of what follows an "@", which is a mention if somebody has that name. */
interface Candidate {
  readonly key: string;
  readonly to: number;
}

const wordCharacter = /[\p{L}\p{M}\p{N}_]/u;
const endsInWord = /[\p{L}\p{M}\p{N}_]$/u;
/** An "@" inside of a word belongs to an address. */
const mark = /(?<![\p{L}\p{M}\p{N}_])@/gu;

/** The keys of all names that a text may mean: names have spaces, and who "@Ada Lovelace" is depends on who there is. */
export function keysIn(text: string): readonly string[] {
  return [...new Set(candidatesIn(text).flatMap(({ candidates }) => candidates.map(({ key }) => key)))];
}

/**
 * Who is mentioned in a text, in its order; the longest name counts.
 * @param whoHas Who has the name of this key; `undefined`: nobody.
 */
export function mentionsIn<Person>(
  text: string,
  whoHas: (key: string) => Person | undefined,
): readonly Mentioned<Person>[] {
  return candidatesIn(text).flatMap(({ from, candidates }) => {
    for (const { key, to } of candidates) {
      const person = whoHas(key);
      if (person !== undefined) return [{ from, to, person }];
    }
    return [];
  });
}

/** A mention that is being written: its "@", and what was typed of the name up to the caret. */
export interface Begun {
  readonly from: number;
  readonly typed: string;
}

/** @returns `null` where the caret is not behind an "@" that begins a mention, on its line and within a name's length. */
export function mentionBegunAt(text: string, caret: number): Begun | null {
  const before = text.slice(0, caret);
  const from = before.lastIndexOf("@");
  const typed = before.slice(from + 1);
  if (from < 0 || /\n|^\s/.test(typed) || Array.from(typed).length > maxNameLength) return null;
  return endsInWord.test(text.slice(0, from)) ? null : { from, typed };
}

/** For each "@" that can be a mention what it may name, the longest first. */
function candidatesIn(text: string): readonly { readonly from: number; readonly candidates: readonly Candidate[] }[] {
  const found: { from: number; candidates: readonly Candidate[] }[] = [];
  for (const { index: from } of text.matchAll(mark)) {
    if (found.length === mostMentions) break;
    const line = text.slice(from + 1).split(/[\n@]/, 1)[0] ?? "";
    if (/^\s/.test(line)) continue;
    const candidates = beginningsOf(line, from + 1);
    if (candidates.length > 0) found.push({ from, candidates });
  }
  return found;
}

/** Every beginning that does not end inside of a word. */
function beginningsOf(line: string, at: number): readonly Candidate[] {
  const characters = Array.from(line).slice(0, maxNameLength + 1);
  const found = new Map<string, Candidate>();
  for (let end = Math.min(characters.length, maxNameLength); end > 0; end -= 1) {
    const [last = "", next = ""] = [characters[end - 1], characters[end]];
    if (/\s/.test(last) || (wordCharacter.test(last) && wordCharacter.test(next))) continue;
    const name = characters.slice(0, end).join("");
    const key = nameKey(name);
    if (key !== "" && !found.has(key)) found.set(key, { key, to: at + name.length });
  }
  return [...found.values()];
}
