// What the nodes of a cluster ask each other: requests of a connection that is on another one, the server API, figures.
import { fail, type RequestErrorName, requestErrors, TidewireError } from "@tidewire/protocol";
import type { EmulationRequest, Outcome } from "./dialects/centrifuge/emulation.ts";
import type { EngineCluster } from "./engine/engine.ts";
import type { JsonText, Parameters } from "./http/api/parameters.ts";
import { joinedText, type MetricsPage } from "./http/metrics.ts";
import type { LedgerPage, LedgerWord } from "./lifecycle/ledger.ts";
import { isLedgerWord, isSeen, ledgerPageIn, type NodePage, pageIn, type Seen } from "./lifecycle/pages.ts";

type Asked =
  | ({ readonly kind: "emulation" } & Omit<EmulationRequest, "data">)
  | { readonly kind: "api"; readonly method: string; readonly parameters: Parameters }
  | { readonly kind: "metrics" }
  | { readonly kind: "facts"; readonly seen: Seen }
  | { readonly kind: "ledger"; readonly word: LedgerWord }
  | { readonly kind: "ready" };

/** What a node does when another one asks. */
export interface NodeAnswers {
  readonly emulate: (request: EmulationRequest) => Promise<Outcome>;
  /** @throws {TidewireError} */
  readonly act: (method: string, parameters: Parameters) => Promise<JsonText>;
  readonly metrics: () => Promise<string>;
  /** What changed here since whoever tells the outside has read; `null` where nothing is kept for it. */
  readonly facts: (seen: Seen) => NodePage | null;
  /** What its ledger says to a word of whoever tells. */
  readonly ledger: (word: LedgerWord) => LedgerPage | null;
  /** Whether it takes connections, and goes on doing so. */
  readonly isReady: () => boolean;
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
      if (asked.kind === "ready") return encoder.encode(String(answers.isReady()));
      if (asked.kind === "emulation") return encoder.encode(await answers.emulate({ ...asked, data }));
      if (asked.kind === "facts") return encoder.encode(JSON.stringify(answers.facts(asked.seen)));
      if (asked.kind === "ledger") return encoder.encode(JSON.stringify(answers.ledger(asked.word)));
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
      const { result, error } = actedIn(answer);
      if (error === undefined) return result ?? "{}";
      return fail(Object.hasOwn(requestErrors, error.reason) ? error.reason : "internal", error.message);
    });
  }

  /** Whether somebody else takes connections. @throws {TidewireError} `engine_unavailable` */
  async areReady(): Promise<boolean> {
    const answers = await this.#cluster.askAll(written({ kind: "ready" }, nothing));
    return answers.some((answer) => decoder.decode(answer) === "true");
  }

  /** What changed at each of them. @throws {TidewireError} `engine_unavailable` */
  async facts(seen: Seen): Promise<readonly NodePage[]> {
    const answers = await this.#cluster.askAll(written({ kind: "facts", seen }, nothing));
    return answers.flatMap((answer) => pageIn(decoder.decode(answer)) ?? []);
  }

  /** What the ledger of each of them says. @throws {TidewireError} `engine_unavailable` */
  async ledgers(word: LedgerWord): Promise<readonly LedgerPage[]> {
    const answers = await this.#cluster.askAll(written({ kind: "ledger", word }, nothing));
    return answers.flatMap((answer) => ledgerPageIn(decoder.decode(answer)) ?? []);
  }

  /** What one says; `null` where it says nothing. @throws {TidewireError} `engine_unavailable` */
  async ledgerOf(node: string, word: LedgerWord): Promise<LedgerPage | null> {
    const answer = await this.#cluster.ask(node, written({ kind: "ledger", word }, nothing));
    return answer === null ? null : ledgerPageIn(decoder.decode(answer));
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

/** It may have come through a store that others write to. @throws {TidewireError} `bad_request` */
function read(question: Uint8Array): { readonly asked: Asked; readonly data: Uint8Array } {
  const end = question.indexOf(lineFeed);
  const asked = end < 0 ? null : parsed(question.subarray(0, end));
  if (!isAsked(asked)) return fail("bad_request", "a question of a node of this version was expected");
  return { asked, data: question.slice(end + 1) };
}

function isAsked(asked: unknown): asked is Asked {
  if (!isObject(asked)) return false;
  const { kind, session, node, form, method, parameters, seen, word } = asked;
  const areTexts = (...values: readonly unknown[]): boolean => values.every((value) => typeof value === "string");
  if (kind === "emulation") return areTexts(session, node) && (form === "text" || form === "bytes");
  if (kind === "api") return areTexts(method) && isObject(parameters);
  if (kind === "facts") return isSeen(seen);
  if (kind === "ledger") return isLedgerWord(word);
  return kind === "metrics" || kind === "ready";
}

/** @throws {TidewireError} `internal` */
function actedIn(answer: Uint8Array): Acted {
  const acted = parsed(answer);
  const { result = "{}", error } = isObject(acted) ? acted : { error: {} };
  if (error === undefined && typeof result === "string" && isObject(parsed(encoder.encode(result)))) return { result };
  const isTold = isObject(error) && typeof error["reason"] === "string" && typeof error["message"] === "string";
  return isTold ? (acted as Acted) : fail("internal", "another node gave an answer that cannot be read");
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

async function acted({ act }: NodeAnswers, { method, parameters }: Extract<Asked, { kind: "api" }>): Promise<Acted> {
  try {
    return { result: await act(method, parameters) };
  } catch (thrown) {
    if (!(thrown instanceof TidewireError) || thrown.reason === "application") throw thrown;
    return { error: { reason: thrown.reason, message: thrown.message } };
  }
}

/** Without the others where they cannot be asked: each figure says whose it is. */
export async function pageOfAll(page: () => Promise<MetricsPage>, others: OtherNodes): Promise<MetricsPage> {
  const [own, texts] = await Promise.all([page(), others.metrics().catch(() => [])]);
  return { ...own, text: joinedText([own.text, ...texts]) };
}
