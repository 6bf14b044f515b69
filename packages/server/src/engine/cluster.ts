// The cluster part of an engine: nodes that ask each other, and what one of them alone may do. Optional; without it a node is alone.
//
// What an implementer guarantees:
// - Of the nodes that reach the store at most one holds a lease by a fence that `publish` takes: a draft with the fence of
//   an older lease is refused with `conflict`, even if its holder does not know yet that it lost it.
// - A question is not kept: a node that does not answer within a few seconds is as good as gone.

/** What one node may do alone. */
export interface Lease {
  /** Goes with each draft that is published by right of it. */
  readonly fence: number;
  /** Aborted when it was lost. */
  readonly lost: AbortSignal;
  release(): void;
}

export interface EngineCluster {
  /** Called once, before the engine is started. @param node Names this run of the process. */
  listen(node: string, answer: (question: Uint8Array) => Promise<Uint8Array>): void;
  /** `null` where there is no such node, or it could not answer. @throws {TidewireError} `engine_unavailable` */
  ask(node: string, question: Uint8Array): Promise<Uint8Array | null>;
  /** What the other nodes answer; nothing of those that could not. @throws {TidewireError} `engine_unavailable` */
  askAll(question: Uint8Array): Promise<readonly Uint8Array[]>;
  /** Resolves when this node alone holds `channel`, which may be never; rejects when `signal` is aborted. */
  hold(channel: string, signal: AbortSignal): Promise<Lease>;
}
