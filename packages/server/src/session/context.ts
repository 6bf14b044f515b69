// What a command's handler sees of the session it belongs to.
import type { SessionId, TidewireError } from "@tidewire/protocol";
import type { Identity, RuleContext } from "../access.ts";
import type { Subscriber } from "../hub/subscriber.ts";
import type { Calls } from "./calls.ts";
import type { Closing } from "./close-error.ts";
import type { CommandId } from "./command.ts";
import type { Expiry } from "./expiry.ts";
import type { Given } from "./given.ts";
import type { Granted } from "./granted.ts";
import type { LinkTraits } from "./link.ts";
import type { SessionNode } from "./node.ts";
import type { Rates } from "./rates.ts";
import type { Outbox } from "./outbox.ts";
import type { Reply, SessionEvent } from "./reply.ts";

export interface Context {
  readonly id: SessionId;
  readonly node: SessionNode;
  readonly subscriber: Subscriber;
  readonly traits: LinkTraits;
  readonly rates: Rates;
  readonly calls: Calls;
  readonly subscriptions: Map<string, Granted>;
  /** `null` as long as there was nothing to give, as for most. */
  given: Map<string, Given> | null;
  /** Asked again after every await: false once the connection has ended. */
  readonly isOpen: boolean;
  /** Whether replies pile up. */
  readonly isCrowded: boolean;
  readonly outbox: Pick<Outbox, "crowdedBy">;
  readonly identity: Identity;
  /** Whom a refreshed token has to name. */
  readonly tokenUser: string;
  /** When its token expires. */
  readonly expiry: Expiry;
  rule(): RuleContext;
  /** Resolves when no replies pile up; for what is about to make a large one. One may wait at a time. */
  room(): Promise<void>;
  /** Queues a page of what the client has yet to be told of a channel's members. True: there is more. */
  tellMembers(channel: string): boolean;
  reply(reply: Reply): void;
  /** False when the dialect has no word for it. */
  tell(event: SessionEvent): boolean;
  refuse(id: CommandId, error: TidewireError): void;
  close(reason: Closing, detail?: string): void;
}
