// What a fault proxy tells whoever watches it, and what it says of its connections.
import type { CutHow, Direction, FaultPlan, Faults } from "./faults.ts";

/** `all`: those that are open and those to come. `new`: only those to come. A number: the connection with this id. */
export type ConnectionScope = number | "all" | "new";

/**
 * `held`: accepted, and the server is not dialled (`hang`). `ending`: it was ended by a cut, and a side has not yet
 * ended it in turn.
 */
export type ProxiedState = "held" | "dialing" | "open" | "half-open" | "ending";

/** What ended a connection: the first of these that happened to it. */
export type CloseCause =
  | "client ended"
  | "client reset"
  | "server ended"
  | "server reset"
  | "server unreachable"
  | "cut"
  | "proxy closed";

/** What happened at a proxy. */
export type FaultEvent =
  /** @param client The client's address and port. */
  | { readonly kind: "opened"; readonly connection: number; readonly client: string }
  /** Both of its sockets are gone. Bytes are those that were passed on. */
  | {
      readonly kind: "closed";
      readonly connection: number;
      readonly cause: CloseCause;
      readonly upBytes: number;
      readonly downBytes: number;
    }
  | {
      readonly kind: "fault";
      readonly connection: ConnectionScope;
      readonly direction: Direction | "both";
      /** What is set now; empty when all was taken back. */
      readonly faults: Faults;
    }
  | {
      readonly kind: "cut";
      readonly connection: number;
      readonly direction: Direction | "both";
      readonly how: CutHow;
    }
  /** The listening socket failed, for want of descriptors for instance. */
  | { readonly kind: "trouble"; readonly message: string };

/** What passed through one direction of a connection. */
export interface FlowFigures {
  /** Bytes read from the sending side. */
  readonly readBytes: number;
  /** Bytes written to the receiving side. */
  readonly sentBytes: number;
  /** Bytes held in between, those included that the receiving side's socket has not taken. At most 1.2 MiB. */
  readonly waitingBytes: number;
}

/** A connection through the proxy, as it stands. */
export interface ProxiedConnection {
  readonly id: number;
  /** The client's address and port. */
  readonly client: string;
  readonly state: ProxiedState;
  readonly up: FlowFigures;
  readonly down: FlowFigures;
  readonly faults: FaultPlan;
}
