// Reading a request's body within its limit.
import type { IncomingMessage } from "node:http";

export class BodyError extends Error {
  override readonly name: string = "BodyError";
  readonly status: 400 | 413;
  readonly reason: "bad_request" | "too_large";

  constructor(status: BodyError["status"], message: string) {
    super(message);
    this.status = status;
    this.reason = status === 413 ? "too_large" : "bad_request";
  }
}

/** What is too large is taken in up to so many times the limit, so that the answer reaches whoever is still sending. */
const patience = 16;

/**
 * The whole body. One that is too large rejects at once; what is left of it is read and forgotten.
 * @throws {BodyError} 413.
 * @throws {Error} when the client has gone before its end.
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let bytes = 0;
    const refuse = (): void => {
      chunks = [];
      reject(new BodyError(413, `expected a body of at most ${maxBytes} bytes`));
    };
    if (Number(request.headers["content-length"] ?? 0) > maxBytes) refuse();
    const more = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes <= maxBytes) return void chunks.push(chunk);
      refuse();
      if (bytes > maxBytes * patience) request.destroy();
    };
    // A request lives as long as its answer, which may be a stream: its listeners would hold the body for as long.
    const done = (): void => {
      request.off("data", more).off("end", whole).off("error", reject).off("close", gone);
    };
    const whole = (): void => {
      done();
      resolve(Buffer.concat(chunks));
    };
    const gone = (): void => {
      done();
      reject(new Error("the client has gone"));
    };
    request.on("data", more).on("end", whole).on("error", reject).on("close", gone);
  });
}
