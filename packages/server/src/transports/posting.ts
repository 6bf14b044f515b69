// What a request posts: its body, within the limits of size and time; what is beyond them is answered here.
import type { IncomingHttpHeaders } from "node:http";
import type { RequestErrorName } from "@tidewire/protocol";
import type { Limits } from "../options.ts";
import type { Clock } from "../ports/clock.ts";
import type { Metrics } from "../ports/metrics.ts";
import { answer, failure } from "./answer.ts";
import { BodyError, readBody } from "./body.ts";
import type { Exchanged } from "./stream.ts";

export interface Posted {
  readonly bytes: Uint8Array;
  readonly headers: IncomingHttpHeaders;
}

export interface PostingOptions {
  readonly limits: Pick<Limits, "firstCommandMs">;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly maxBytes: number;
}

/** Hands the body over once it is there, unless the request was answered before. */
export function receivePosted(
  { request, response }: Exchanged,
  { limits, metrics, clock, maxBytes }: PostingOptions,
  received: (posted: Posted) => void,
): void {
  const { headers } = request;
  const refuse = (status: number, reason: RequestErrorName, why: string): void =>
    answer(response, { status, body: failure(reason, why) });
  const late = (): void => metrics.hit("firstCommandMs");
  expectWithin({ ms: limits.firstCommandMs, clock, late }, { request, response });
  const coding = headers["content-encoding"] ?? "identity";
  if (coding !== "identity") {
    request.resume();
    return refuse(415, "bad_request", `content-encoding: expected none, got ${coding.slice(0, 40)}`);
  }
  readBody(request, maxBytes).then(
    (bytes) => {
      metrics.messagesReceived += 1;
      metrics.bytesReceived += bytes.length;
      // P3: what was refused, for being late, is never published.
      if (!response.headersSent) received({ bytes, headers });
    },
    (thrown: unknown) => {
      // Otherwise the client has gone in the middle of its body, and waits for no answer.
      if (!(thrown instanceof BodyError)) return;
      if (thrown.reason === "too_large") metrics.hit("messageBytes");
      refuse(thrown.status, thrown.reason, thrown.message);
    },
  );
}

/** A body that trickles in is not waited for. */
function expectWithin(
  { ms, clock, late }: { readonly ms: number; readonly clock: Clock; readonly late: () => void },
  { request, response }: Exchanged,
): void {
  const cancel = clock.after(ms, () => {
    late();
    if (response.headersSent) return void request.destroy();
    const body = failure("bad_request", `expected the body within ${ms} ms`);
    answer(response, { status: 408, body, headers: { connection: "close" } });
  });
  request.once("end", cancel);
  request.once("close", cancel);
}
