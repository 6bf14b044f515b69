// A person as others see them: an id, a name and one of eight colours.
import { defineCall } from "@tidewire/protocol";
import { z } from "zod";

/** How many person colours the theme has. */
const personColours = 8;

export const maxNameLength = 40;

// Control characters break logs, and marks that change the direction of what follows let one name pass for another.
// oxlint-disable-next-line no-control-regex
const forbiddenInNames = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** A name as it is kept: one form of each letter, single spaces, no marks that cannot be seen. */
function tidyName(given: string): string {
  return given.normalize("NFC").replaceAll(forbiddenInNames, "").replaceAll(/\s+/g, " ").trim();
}

export const personName = z
  .string()
  .max(400)
  .transform(tidyName)
  .pipe(
    z
      .string()
      .min(1, "a name has at least one letter")
      .max(maxNameLength, `a name has at most ${maxNameLength} letters`),
  );

/** Names in which only capitals, forms of letters and spaces differ are one name to whoever types them. */
export function nameKey(name: string): string {
  return tidyName(name).normalize("NFKC").toLowerCase();
}

/** The colour of a person, by a hash of the id: everybody sees the same one without asking anybody. */
export function colourOf(personId: string): number {
  let hash = 0x811c9dc5;
  for (const character of personId) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  // FNV-1a leaves the last letters in the lower bits; this spreads them, so that similar ids differ (MurmurHash3).
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % personColours;
}

/** What members of a room show of themselves. */
export const personShown = z.object({
  name: z.string().min(1).max(maxNameLength),
  colour: z
    .int()
    .min(0)
    .max(personColours - 1),
});
export type PersonShown = z.infer<typeof personShown>;

/** Whoever wrote a message or made a room. */
export const author = z.object({ id: z.string().min(1).max(64), name: z.string().min(1).max(maxNameLength) });
export type Author = z.infer<typeof author>;

/** Keys of names in one call. */
export const mostKeysAsked = 200;

/** Who has names that stand in messages, by the keys of the names; of several who have one, whoever came last. */
export const findPeople = defineCall("people.named", {
  input: z.object({ keys: z.array(z.string().min(1).max(1_000)).max(mostKeysAsked) }),
  output: z.object({ people: z.array(z.object({ key: z.string(), id: z.string() })) }),
});
