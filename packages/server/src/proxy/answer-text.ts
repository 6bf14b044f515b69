// The text of a backend's answer, within its limits.
import type { IncomingMessage } from "node:http";

/** What a backend did wrong: for the log, without what it or the client said. */
export class BackendFault extends Error {
  override readonly name: string = "BackendFault";
}

/** Bytes of an answer: what one reply to a client may have. */
const mostAnswerBytes = 1_048_576;

/** @throws {BackendFault} for another status than 200, too many bytes, or no UTF-8. */
export async function answerOf(response: IncomingMessage): Promise<string> {
  const { statusCode } = response;
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    if (statusCode !== 200) throw new BackendFault(`expected status 200, got ${statusCode}`);
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > mostAnswerBytes) throw new BackendFault(`expected at most ${mostAnswerBytes} bytes, got more`);
      chunks.push(chunk);
    }
  } catch (thrown) {
    // What is left of it is of no use, and its end may never come.
    response.destroy();
    throw thrown;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new BackendFault("expected UTF-8, got other bytes");
  }
}

/** @throws {BackendFault} */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new BackendFault("expected JSON, got something else");
  }
}
