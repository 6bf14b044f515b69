// What the nodes of a cluster ask each other: requests of a connection that is on another one, the server API, figures.
import { fail, type RequestErrorName, requestErrors, TidewireError } from "@tidewire/protocol";
import type { EmulationRequest, Outcome } from "./dialects/centrifuge/emulation.ts";
import type { EngineCluster } from "./engine/engine.ts";
import type { JsonText, Parameters } from "./http/api/parameters.ts";

type Asked =
  | ({ readonly kind: "emulation" } & Omit<EmulationRequest, "data">)
  | { readonly kind: "api"; readonly method: string; readonly parameters: Parameters }
  | { readonly kind: "metrics" };

/** What a node does when another one asks. */
export interface NodeAnswers {
  readonly emulate: (request: EmulationRequest) => Promise<Outcome>;
  /** @throws {TidewireError} */
  readonly act: (method: string, parameters: Parameters) => Promise<JsonText>;
  readonly metrics: () => Promise<string>;
}

interface Acted {
  readonly result?: JsonText;
  readonly error?: { readonly reason: RequestErrorName; readonly message: string };
}

const lineFeed = 10;
const nothing = new Uint8Array(0);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class OtherNodes {
  readonly #cluster: EngineCluster;

  constructor(cluster: EngineCluster) {
    this.#cluster = cluster;
  }

  listen(node: string, answers: NodeAnswers): void {
    this.#cluster.listen(node, async (question) => {
      const { asked, data } = read(question);
      if (asked.kind === "emulation") return encoder.encode(await answers.emulate({ ...asked, data }));
      if (asked.kind === "metrics") return encoder.encode(await answers.metrics());
      return encoder.encode(JSON.stringify(await acted(answers, asked)));
    });
  }

  /** Hands a request to the node that has its connection. */
  async emulate({ data, ...place }: EmulationRequest): Promise<Outcome> {
    const answer = await this.#cluster.ask(place.node, written({ kind: "emulation", ...place }, data));
    const outcome = answer === null ? "unknown" : decoder.decode(answer);
    return outcome === "taken" || outcome === "crowded" ? outcome : "unknown";
  }

  /** @throws {TidewireError} the first other node's that could not. */
  async act(method: string, parameters: Parameters): Promise<readonly JsonText[]> {
    const answers = await this.#cluster.askAll(written({ kind: "api", method, parameters }, nothing));
    return answers.map((answer) => {
      const { result, error } = JSON.parse(decoder.decode(answer)) as Acted;
      if (error === undefined) return result ?? "{}";
      return fail(Object.hasOwn(requestErrors, error.reason) ? error.reason : "internal", error.message);
    });
  }

  /** One text of each. */
  async metrics(): Promise<readonly string[]> {
    const answers = await this.#cluster.askAll(written({ kind: "metrics" }, nothing));
    return answers.map((answer) => decoder.decode(answer));
  }
}

/** JSON has no line feed in it. */
function written(asked: Asked, data: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${JSON.stringify(asked)}\n`), data]);
}

function read(question: Uint8Array): { readonly asked: Asked; readonly data: Uint8Array } {
  const end = question.indexOf(lineFeed);
  const asked = JSON.parse(decoder.decode(question.subarray(0, end))) as Asked;
  return { asked, data: question.slice(end + 1) };
}

async function acted({ act }: NodeAnswers, { method, parameters }: Extract<Asked, { kind: "api" }>): Promise<Acted> {
  try {
    return { result: await act(method, parameters) };
  } catch (thrown) {
    if (!(thrown instanceof TidewireError) || thrown.reason === "application") throw thrown;
    return { error: { reason: thrown.reason, message: thrown.message } };
  }
}
