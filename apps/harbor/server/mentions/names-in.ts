// What may be names in a text: whatever follows an "@", as far as a name can reach.
import { maxNameLength, nameKey } from "../../contract/person.ts";

/** More mentions in one message are read as text. */
export const mostMentions = 10;

const wordCharacter = /[\p{L}\p{M}\p{N}_]/u;
/** An "@" inside of a word belongs to an address. */
const mark = /(?<![\p{L}\p{M}\p{N}_])@(?=\S)/gu;

/**
 * For each mention the keys of the names that it can mean, the longest first: names have spaces, and who "@Ada Lovelace" is
 * depends on who there is.
 */
export function namesIn(text: string): readonly (readonly string[])[] {
  const found: string[][] = [];
  for (const { index } of text.matchAll(mark)) {
    if (found.length === mostMentions) break;
    const line = text.slice(index + 1).split(/[\n@]/, 1)[0] ?? "";
    const keys = beginningsOf(line);
    if (keys.length > 0) found.push(keys);
  }
  return found;
}

/** Every beginning that does not end inside of a word. */
function beginningsOf(line: string): string[] {
  const characters = Array.from(line).slice(0, maxNameLength + 1);
  const keys = new Set<string>();
  for (let end = Math.min(characters.length, maxNameLength); end > 0; end -= 1) {
    const [last = "", next = ""] = [characters[end - 1], characters[end]];
    if (/\s/.test(last) || (wordCharacter.test(last) && wordCharacter.test(next))) continue;
    keys.add(nameKey(characters.slice(0, end).join("")));
  }
  keys.delete("");
  return [...keys];
}
