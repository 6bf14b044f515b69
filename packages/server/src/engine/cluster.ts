// The cluster part of an engine: nodes that ask each other. Optional; without it nodes know of each other by the log alone.

/** A question is not kept: a node that does not answer within a few seconds is as good as gone. */
export interface EngineCluster {
  /** Called once, before the engine is started. @param node Names this run of the process. */
  listen(node: string, answer: (question: Uint8Array) => Promise<Uint8Array>): void;
  /** `null` where there is no such node, or it could not answer. @throws {TidewireError} `engine_unavailable` */
  ask(node: string, question: Uint8Array): Promise<Uint8Array | null>;
  /** What the other nodes answer; nothing of those that could not. @throws {TidewireError} `engine_unavailable` */
  askAll(question: Uint8Array): Promise<readonly Uint8Array[]>;
}
