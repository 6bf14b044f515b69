// The door of @tidewire/webhooks.
export type { Log, LogFields } from "@tidewire/protocol/ports";
export { type EndpointProblem, endpointProblems, type WebhookEndpoint } from "./endpoint.ts";
export { type JobPublisher, withWebhooks } from "./job-publisher.ts";
export { createWebhooks, type Telling, type Webhooks, type WebhooksOptions } from "./webhooks.ts";
