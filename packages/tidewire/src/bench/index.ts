// The door "tidewire/bench": the load generator, for benches of other servers beside.
export { answer } from "./answering.ts";
export { findTaskset, nodeProgram, type Program } from "./child.ts";
export type { Group } from "./group.ts";
export type { Measured } from "./judgement.ts";
export { quantileMs } from "./load/latency.ts";
export type { Wire } from "./load/speech.ts";
export { machineTime, othersShare } from "./machine-time.ts";
export { ownProgram } from "./own-program.ts";
export { remoteProgram } from "./remote-program.ts";
export type { Publish, Serve } from "./server/broadcaster.ts";
export { publishAll } from "./server/publisher.ts";
export { answerAsServer } from "./server/server-answers.ts";
export { type Span, short, spanOf, spanText, tableOf } from "./statistics.ts";
export type { Load, ServerTalk, Spread } from "./talk.ts";
export { Trial } from "./trial.ts";
