// What tests of servers and engines share: the engine contract as a suite, and doubles of the ports.
export { engineContract } from "./engine/contract.ts";
export { RecordingSink } from "./engine/contract/recording-sink.ts";
export type { EngineHarness, EngineUnderTest } from "./engine/contract/trial.ts";
export { FakeClock, type FakeClockOptions } from "./testing/fake-clock.ts";
export { FakeConnection } from "./testing/fake-connection.ts";
export { FakeNode, type FakeNodeOptions, type FakeOpening } from "./testing/fake-node.ts";
export type { Message } from "./testing/frames.ts";
export { tokenOf, tokenSecret } from "./testing/token.ts";
export { type Announcement, ScriptedEngine } from "./testing/scripted-engine.ts";
