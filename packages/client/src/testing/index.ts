// The door "@tidewire/client/testing": a TCP proxy that breaks lines, for tests on Node.
export type {
  CloseCause,
  ConnectionScope,
  FaultEvent,
  FlowFigures,
  ProxiedConnection,
  ProxiedState,
} from "./events.ts";
export { createFaultProxy, type FaultProxy, type FaultProxyOptions, type FaultScope } from "./fault-proxy.ts";
export {
  type CutHow,
  type Direction,
  type FaultPlan,
  type Faults,
  type FlowFaults,
  type LinkFaults,
  parseFaults,
} from "./faults.ts";
