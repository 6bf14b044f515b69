// The one table of codes: request errors answer one command, close reasons end the connection.

/**
 * Request errors. `code` is the number on the wire (the Centrifuge protocol's own where it has one, 400 and up are
 * Tidewire's); `temporary`: the same request may succeed later without a change. A name is also the error's message, in
 * words, where whoever makes it says nothing better.
 */
export const requestErrors = {
  internal: { code: 100, temporary: true },
  unauthorized: { code: 101 },
  unknown_channel: { code: 102 },
  denied: { code: 103 },
  unknown_method: { code: 104 },
  already_subscribed: { code: 105 },
  limit_exceeded: { code: 106 },
  bad_request: { code: 107 },
  not_available: { code: 108 },
  token_expired: { code: 109 },
  expired: { code: 110 },
  too_many_requests: { code: 111, temporary: true },
  unrecoverable_position: { code: 112 },
  timed_out: { code: 408, temporary: true },
  conflict: { code: 409 },
  too_large: { code: 413 },
  invalid_data: { code: 422 },
  canceled: { code: 499 },
  engine_unavailable: { code: 503, temporary: true },
  indeterminate: { code: 504, temporary: true },
  overloaded: { code: 529, temporary: true },
} as const;

/** The names of request errors; `TidewireError.reason` is one of them, or `application`. */
export type RequestErrorName = keyof typeof requestErrors;

/** Close reasons. `reconnect` says whether the client should come back by itself. */
export const closeReasons = {
  normal: { code: 3000, reason: "connection closed", reconnect: true },
  shutdown: { code: 3001, reason: "shutdown", reconnect: true },
  server_error: { code: 3004, reason: "internal server error", reconnect: true },
  connection_expired: { code: 3005, reason: "connection expired", reconnect: true },
  subscription_expired: { code: 3006, reason: "subscription expired", reconnect: true },
  slow: { code: 3008, reason: "slow", reconnect: true },
  insufficient_state: { code: 3010, reason: "insufficient state", reconnect: true },
  force_reconnect: { code: 3011, reason: "force reconnect", reconnect: true },
  no_pong: { code: 3012, reason: "no pong", reconnect: true },
  too_many_requests: { code: 3013, reason: "too many requests", reconnect: true },
  invalid_token: { code: 3500, reason: "invalid token", reconnect: false },
  bad_request: { code: 3501, reason: "bad request", reconnect: false },
  stale: { code: 3502, reason: "stale", reconnect: false },
  force_disconnect: { code: 3503, reason: "force disconnect", reconnect: false },
  connection_limit: { code: 3504, reason: "connection limit", reconnect: false },
  channel_limit: { code: 3505, reason: "channel limit", reconnect: false },
  inappropriate_protocol: { code: 3506, reason: "inappropriate protocol", reconnect: false },
  denied: { code: 3507, reason: "permission denied", reconnect: false },
  not_available: { code: 3508, reason: "not available", reconnect: false },
  too_many_errors: { code: 3509, reason: "too many errors", reconnect: false },
} as const;

/** The names of close reasons. */
export type CloseReasonName = keyof typeof closeReasons;

/** Why the server ends one subscription. At 2500 and above the client subscribes again by itself. */
export const unsubscribeReasons = {
  unsubscribed: { code: 2000, reason: "server unsubscribe", resubscribe: false },
  insufficient_state: { code: 2500, reason: "insufficient state", resubscribe: true },
  subscription_expired: { code: 2501, reason: "subscription expired", resubscribe: true },
} as const;

/** The names of the reasons for which the server ends one subscription. */
export type UnsubscribeReasonName = keyof typeof unsubscribeReasons;

/** Whether a client should connect again after the WebSocket close code `code`. 1009 says its message was too large. */
export function mayReconnect(code: number): boolean {
  if (code < 3000) return code !== 1009;
  return code % 1000 < 500 || code >= 5000;
}
