// What a command's handler sees of the session it belongs to.
import type { CloseReasonName, Member, SessionId, TidewireError } from "@tidewire/protocol";
import type { ChannelRuleContext, Identity, RuleContext } from "../access.ts";
import type { Known } from "../hub/channel.ts";
import type { Encoder } from "../hub/encoder.ts";
import type { Subscription } from "../hub/hub.ts";
import type { Subscriber } from "../hub/subscriber.ts";
import type { CommandId } from "./command.ts";
import type { SessionNode } from "./node.ts";
import type { Rates } from "./rates.ts";
import type { Reply } from "./reply.ts";

export interface Context {
  readonly id: SessionId;
  readonly node: SessionNode;
  readonly subscriber: Subscriber;
  readonly encoder: Encoder;
  readonly rates: Rates;
  readonly subscriptions: Map<string, Subscription>;
  /** Aborted when the connection ends. */
  readonly signal: AbortSignal;
  /** Asked again after every await: false once the connection has ended. */
  readonly isOpen: boolean;
  readonly identity: Identity;
  rule(): RuleContext;
  channelRule(channel: string, known: Known): ChannelRuleContext;
  member(): Member;
  /** Resolves when no replies pile up; for what is about to make a large one. One may wait at a time. */
  room(): Promise<void>;
  reply(reply: Reply): void;
  refuse(id: CommandId, error: TidewireError): void;
  close(reason: CloseReasonName, detail?: string): void;
}
