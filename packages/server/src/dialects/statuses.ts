// HTTP statuses: of errors that answer a request, and of reasons that end a session.
import {
  type CloseReasonName,
  closeReasons,
  mayReconnect,
  type RequestErrorName,
  type TidewireError,
} from "@tidewire/protocol";
import { Disconnect } from "../access.ts";
import type { Closing } from "../session/close-error.ts";
import type { Ending } from "./dialect.ts";

const errorStatuses: Readonly<Record<RequestErrorName | "application", number>> = {
  internal: 500,
  unauthorized: 401,
  unknown_channel: 404,
  denied: 403,
  unknown_method: 404,
  already_subscribed: 409,
  limit_exceeded: 409,
  bad_request: 400,
  not_available: 404,
  token_expired: 401,
  expired: 401,
  too_many_requests: 429,
  unrecoverable_position: 409,
  timed_out: 408,
  conflict: 409,
  too_large: 413,
  invalid_data: 422,
  canceled: 409,
  engine_unavailable: 503,
  indeterminate: 504,
  overloaded: 503,
  application: 422,
};

const closeStatuses: Readonly<Record<CloseReasonName, number>> = {
  normal: 503,
  shutdown: 503,
  server_error: 500,
  connection_expired: 401,
  subscription_expired: 401,
  slow: 503,
  insufficient_state: 503,
  force_reconnect: 503,
  no_pong: 503,
  too_many_requests: 429,
  invalid_token: 401,
  bad_request: 400,
  stale: 503,
  force_disconnect: 403,
  connection_limit: 429,
  channel_limit: 409,
  inappropriate_protocol: 400,
  denied: 403,
  not_available: 404,
  too_many_errors: 429,
};

/** A temporary error of the application's own is worth another try. */
export function endingOf({ reason, code, message, temporary }: TidewireError): Ending {
  const status = reason === "application" && temporary ? 503 : errorStatuses[reason];
  return { code: status, reason: body(code, message) };
}

export function closingOf(reason: Closing, detail: string | undefined): Ending {
  if (reason instanceof Disconnect) {
    return { code: mayReconnect(reason.code) ? 503 : 403, reason: body(reason.code, reason.message) };
  }
  const { code, reason: name } = closeReasons[reason];
  return { code: closeStatuses[reason], reason: body(code, detail ?? name) };
}

function body(code: number, message: string): string {
  return JSON.stringify({ error: { code, message } });
}
