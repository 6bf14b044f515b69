// The door of @tidewire/server.
export {
  type AccessRules,
  type CallContext,
  type CallHandler,
  type ChannelRuleContext,
  type ConnectRequest,
  Disconnect,
  type HandleOptions,
  type Headers,
  type Identity,
  type LiveTerms,
  type OtherCalls,
  type PublishRuleContext,
  type PublishTerms,
  type Renewal,
  type RuleContext,
  type SubscribeRuleContext,
  type SubscribeTerms,
  type Verdict,
} from "./access.ts";
export type { Form, Page, PageLimit, Publication } from "./engine/engine.ts";
export type { Histories } from "./hub/histories.ts";
export { every, type Source, type SourceContext } from "./hub/sources.ts";
export type {
  AttemptTimes,
  DeadDelivery,
  DeliveryQuery,
  EndpointFigures,
  EndpointState,
  WebhookDesk,
} from "./lifecycle/desk.ts";
export type { JobDesk, JobFigures, JobTimes } from "./lifecycle/job-desk.ts";
export {
  type LifecycleEvent,
  type LifecycleSink,
  type LifecycleType,
  type Standing,
  standingOf,
} from "./lifecycle/events.ts";
export { createHealthRouter, type HealthRouter, type HealthRouterOptions } from "./http/health.ts";
export { jobMetrics, type JobMetricsOptions, type MetricsPage } from "./http/metrics.ts";
export { type Fact, keyOf } from "./lifecycle/facts.ts";
export { type CompressionOptions, defaultLimits, type Limits, type Mode, type ServerOptions } from "./options.ts";
export type { ChannelProxyEndpoint, ProxyEndpoint, ProxyOptions } from "./proxy/proxy-options.ts";
export type { Clock } from "./ports/clock.ts";
export type { Log, LogFields } from "./ports/log.ts";
export type { Random } from "./ports/random.ts";
export { createTidewire } from "./server.ts";
export type { ConnectionClaims } from "./tokens/claims.ts";
export type { TokenOptions } from "./tokens/verifier.ts";
export type {
  AttachOptions,
  ChannelHandle,
  Published,
  PublishOptions,
  Stats,
  StopOptions,
  Tidewire,
} from "./tidewire.ts";
