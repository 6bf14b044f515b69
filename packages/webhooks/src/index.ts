// The door of @tidewire/webhooks.
export { type EndpointProblem, endpointProblems, type WebhookEndpoint } from "./endpoint.ts";
export { type JobPublisher, withWebhooks } from "./job-publisher.ts";
export type { Log, LogFields } from "./ports/log.ts";
export { createWebhooks, type Telling, type Webhooks, type WebhooksOptions } from "./webhooks.ts";
