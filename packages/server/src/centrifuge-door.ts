// What `/connection/…` and `/emulation` open: the Centrifuge protocol on a WebSocket, and on streams with requests beside.
import { queryOf } from "./dialects/query.ts";
import type { Connection, Open } from "./dialects/connection.ts";
import { MalformedFrame } from "./dialects/dialect.ts";
import { open } from "./dialects/open.ts";
import { centrifugeFor } from "./dialects/centrifuge/centrifuge.ts";
import { emulated } from "./dialects/centrifuge/emulated.ts";
import { Emulation, type EmulationRequest, type Outcome } from "./dialects/centrifuge/emulation.ts";
import { decodeEmulation } from "./dialects/centrifuge/emulation-request.ts";
import { unidirectional } from "./dialects/centrifuge/unidirectional.ts";
import type { OtherNodes } from "./other-nodes.ts";
import type { SessionNode } from "./session/node.ts";
import { type Answer, failure } from "./transports/answer.ts";
import type { Posted } from "./transports/posting.ts";
import type { Beginning, Resource } from "./transports/requests.ts";
import {
  asciiLines,
  delimitedBytes,
  jsonLines,
  serverSentEvents,
  spreadRetryMs,
  type StreamForm,
} from "./transports/stream.ts";

/** JSON in a JSON text has a backslash before every quote. */
const escaped = 2;
/** The other fields of what is posted for an emulated connection. */
const envelopeBytes = 512;

export class CentrifugeDoor {
  readonly #node: SessionNode;
  readonly #emulation: Emulation;
  readonly #others: Pick<OtherNodes, "emulate"> | null;

  /** @param id Names this process to clients. */
  constructor(node: SessionNode, id: string, others: Pick<OtherNodes, "emulate"> | null) {
    this.#node = node;
    this.#others = others;
    this.#emulation = new Emulation({ ...node, node: id });
  }

  /** What an upgrade at this path opens; `null` when it is none of ours. */
  socket(path: string): Open | null {
    if (path === "/connection/websocket") {
      return (connection) => open(this.#node, connection, centrifugeFor(connection, this.#node.limits));
    }
    if (path !== "/connection/uni_websocket") return null;
    return (connection) => {
      const asked = connectOf(connection.info.url);
      return this.#push(connection, asked.length === 0 ? null : asked);
    };
  }

  /** What requests find at this path. */
  resource(path: string): Resource | null {
    switch (path) {
      case "/connection/http_stream":
        return this.#stream("POST, OPTIONS", (posted) =>
          speaksProtobuf(posted) ? { form: delimitedBytes, speech: "protobuf" } : { form: asciiLines, speech: "json" },
        );
      case "/connection/sse":
        return this.#stream("GET, POST, OPTIONS", () => ({ form: serverSentEvents, speech: "json" }));
      case "/connection/uni_http_stream":
        return this.#pushes(jsonLines);
      case "/connection/uni_sse":
        return this.#pushes(serverSentEvents);
      case "/emulation":
        return this.#inlet();
      default:
        return null;
    }
  }

  /** A request that came to another node. */
  emulate(request: EmulationRequest): Promise<Outcome> {
    return new Promise((resolve) => this.#emulation.take(request, resolve));
  }

  #stream(
    allow: "POST, OPTIONS" | "GET, POST, OPTIONS",
    choose: (posted: Posted | null) => { readonly form: StreamForm; readonly speech: "json" | "protobuf" },
  ): Resource {
    return {
      kind: "stream",
      allow,
      // An SDK makes a new one, or falls back to the next transport, when this one is refused.
      isForEventSource: false,
      begin: (url, posted): Beginning | string => {
        const data = posted?.bytes ?? connectOf(url);
        if (data.length === 0) return "expected a connect command as the body, or as cf_connect in the address";
        const { form, speech } = choose(posted);
        const first = { data, form: speech === "json" ? "text" : "bytes" } as const;
        return { form, open: (connection) => this.#emulate(connection, first, speech) };
      },
    };
  }

  #emulate(
    stream: Connection,
    first: Pick<EmulationRequest, "data" | "form">,
    form: "json" | "protobuf",
  ): ReturnType<Open> {
    const { limits, clock } = this.#node;
    return this.#emulation.open(stream, first, (connection, place) =>
      open(this.#node, connection, emulated(connection.framing, { form, place, limits, clock })),
    );
  }

  #pushes(form: StreamForm): Resource {
    return {
      kind: "stream",
      allow: "GET, POST, OPTIONS",
      isForEventSource: form === serverSentEvents,
      begin: (url, posted) => ({
        form,
        open: (connection) => this.#push(connection, posted?.bytes ?? connectOf(url)),
      }),
    };
  }

  /** @param asked The connect request; `null`: it comes as a message. */
  #push(connection: Connection, asked: Uint8Array | null): ReturnType<Open> {
    const { limits, random } = this.#node;
    const retryMs = spreadRetryMs(random);
    const opened = open(this.#node, connection, unidirectional(connection.framing, { limits, retryMs }));
    if (asked !== null) opened.receive(asked, "text");
    return opened;
  }

  #inlet(): Resource {
    const { messageBytes } = this.#node.limits;
    return {
      kind: "inlet",
      maxBytes: messageBytes * escaped + envelopeBytes,
      take: (posted, answered) => {
        const request = requestOf(posted);
        if (typeof request === "string") return answered({ status: 400, body: failure("bad_request", request) });
        if (request.data.length > messageBytes) return answered(tooLarge(messageBytes));
        this.#node.metrics.add("emulation_requests");
        const taken = (outcome: Outcome): void => answered(answers[outcome]);
        if (this.#others === null || this.#emulation.isOwn(request)) return this.#emulation.take(request, taken);
        this.#others.emulate(request).then(taken, () => taken("crowded"));
      },
    };
  }
}

function requestOf(posted: Posted): EmulationRequest | string {
  try {
    return decodeEmulation(posted.bytes, speaksProtobuf(posted) ? "protobuf" : "json");
  } catch (thrown) {
    if (thrown instanceof MalformedFrame) return thrown.message;
    throw thrown;
  }
}

const answers: Readonly<Record<Outcome, Answer>> = {
  taken: { status: 204, body: "" },
  unknown: { status: 404, body: failure("not_available", "expected a session of this node whose stream is open") },
  crowded: { status: 429, body: failure("too_many_requests", "requests wait until the stream is read") },
};

function tooLarge(mostBytes: number): Answer {
  return { status: 413, body: failure("too_large", `expected commands of at most ${mostBytes} bytes`) };
}

function speaksProtobuf(posted: Posted | null): boolean {
  const type = posted?.headers["content-type"] ?? "";
  return type.split(";", 1)[0]?.trim().toLowerCase() === "application/octet-stream";
}

function connectOf(url: string): Uint8Array {
  return Buffer.from(queryOf(url).get("cf_connect") ?? "");
}
