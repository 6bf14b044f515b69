// Who is in a channel, as the server lists and counts them.

import type { Member } from "@tidewire/protocol";
import { asObject, type Fields, memberOf, objectAt, wholeAt } from "./wire.ts";

/** How many are in a channel: sessions (`clients`), and different users. */
export interface PresenceStats {
  readonly clients: number;
  readonly users: number;
}

export function listOf(fields: Fields): readonly Member[] {
  return Object.values(objectAt(fields, "presence") ?? {}).map((info) => memberOf(asObject(info)));
}

export function statsOf(fields: Fields): PresenceStats {
  return { clients: wholeAt(fields, "num_clients"), users: wholeAt(fields, "num_users") };
}
