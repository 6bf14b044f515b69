// An endpoint of webhooks for one test, which keeps what it is sent and verifies it as its user would.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Webhook } from "standardwebhooks";
import { onTestFinished, vi } from "vitest";
import { listen } from "../serving.ts";
import { secret } from "./secret.ts";

/** What is delivered, as it says itself. */
export interface Told {
  readonly type: string;
  readonly timestamp: string;
  readonly epoch: string;
  readonly sequence: number;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Received {
  readonly id: string;
  readonly told: Told;
}

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

const ok: Answer = (response) => void response.writeHead(204).end();

export class Receiver {
  readonly received: Received[] = [];
  /** Requests, of which some may be the same delivery. */
  requests = 0;
  answer: Answer = ok;
  url = "";

  /** @param wall What time it is for its owner, who accepts nothing that is more than five minutes old. */
  static async listening(wall: () => number = () => Date.now(), port = 0): Promise<Receiver> {
    const receiver = new Receiver();
    const server = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
      request.on("end", () => {
        const headers = request.headers as Readonly<Record<string, string>>;
        const told = verified({ body, headers: { ...headers } }, wall());
        receiver.requests += 1;
        receiver.received.push({ id: String(headers["webhook-id"]), told });
        receiver.answer(response, request);
      });
    });
    receiver.url = `http://127.0.0.1:${await listen(server, port)}/hook?of=tidewire`;
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return receiver;
  }

  /** In the order of their events, each once. */
  get told(): readonly Told[] {
    const byNumber = new Map(this.received.map(({ told }) => [told.sequence, told]));
    return [...byNumber.values()].sort((one, other) => one.sequence - other.sequence);
  }

  /** `type channel user` of each, in that order. */
  get lines(): readonly string[] {
    return this.told.map(({ type, data }) =>
      [type, data["channel"], data["user"]].filter((word) => typeof word === "string").join(" "),
    );
  }
}

interface Delivered {
  readonly body: string;
  readonly headers: Record<string, string>;
}

/** As the library says that was made for it. @throws when it is not from us, or not from now. */
function verified({ body, headers }: Delivered, nowMs: number, by: string = secret): Told {
  vi.useFakeTimers({ toFake: ["Date"], now: nowMs });
  try {
    return new Webhook(by).verify(body, headers) as Told;
  } finally {
    vi.useRealTimers();
  }
}
