// Who is in a channel, for whoever asks once; a crowd is counted and not listed.
import { fail, type Member } from "@tidewire/protocol";

export interface Presence {
  readonly counts: { readonly clients: number; readonly users: number };
  /** @throws {TidewireError} `limit_exceeded` when more are here than are shown. */
  list(): readonly Member[];
}

export const nobody: Presence = { counts: { clients: 0, users: 0 }, list: () => [] };

/** @param shown.most So many are shown; `above` is told of each list that would have more. */
export function presenceOf(
  members: readonly Member[],
  { most, above }: { readonly most: number; readonly above: () => void },
): Presence {
  const clients = members.length;
  return {
    counts: { clients, users: new Set(members.map(({ user }) => user)).size },
    list: () => (clients <= most ? members : tooMany(clients, { most, above })),
  };
}

function tooMany(clients: number, { most, above }: { readonly most: number; readonly above: () => void }): never {
  above();
  return fail("limit_exceeded", `presence shows at most ${most} members, here are ${clients}`);
}
