// Addresses: Harbor's people have none of their own, so each gets one that nobody can choose.
import { createHash } from "node:crypto";

const longestName = 24;

/**
 * The name, for those who read it, and a digest of the id. A name alone would let a guest who calls himself "ceo" have our mail
 * server write to an address of his choice.
 */
export function mailAddress(person: { readonly id: string; readonly name: string }, domain: string): string {
  const name = person.name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, longestName)
    .replaceAll(/^-|-$/g, "");
  const digest = createHash("sha256").update(person.id).digest("hex").slice(0, 12);
  return `${name === "" ? "guest" : name}.${digest}@${domain}`;
}
