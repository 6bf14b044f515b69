// What the server has subscribed a connection to by its own word, and has not taken back.
import type { Expiry } from "./expiry.ts";
import type { Granted } from "./granted.ts";
import type { LinkTraits } from "./link.ts";
import type { Limits } from "../options.ts";

/** Lets a client subscribe without a token or a rule: the server has said that it may. */
export interface Given {
  readonly info: unknown;
  /** Says until when, also while there is no subscription that it could end; `null`: for good. */
  readonly expiry: Expiry | null;
}

/** What it asks of a session. */
export interface Receiver {
  readonly node: { readonly limits: Pick<Limits, "channelsPerConnection"> };
  readonly traits: Pick<LinkTraits, "takesOver">;
  given: Map<string, Given> | null;
}

/** On what terms somebody reads what was given. */
export interface TermsOfGiven {
  readonly info: unknown;
  /** Went out when it was given. */
  readonly data?: undefined;
  /** In seconds since 1970; `null`: never. */
  readonly expiresAt: number | null;
}

export function give(context: Receiver, channel: string, { channelInfo: info, expiry }: Granted): void {
  // A client that cannot ask for it by name has no use for it.
  if (context.traits.takesOver !== true) return;
  const given = (context.given ??= new Map<string, Given>());
  given.delete(channel);
  given.set(channel, { info, expiry });
  if (given.size <= context.node.limits.channelsPerConnection) return;
  for (const oldest of given.keys()) {
    given.delete(oldest);
    return;
  }
}

/** On what terms this client may take it over; `null` where nothing was given. PROTOCOL 1.11 */
export function admissionOfGiven({ given, traits }: Receiver, channel: string): TermsOfGiven | null {
  const found = traits.takesOver === true ? given?.get(channel) : undefined;
  return found === undefined ? null : { info: found.info, expiresAt: found.expiry?.endsAt ?? null };
}
