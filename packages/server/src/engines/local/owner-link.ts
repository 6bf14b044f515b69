// A worker's way to the owner: connected, greeted, and sought again with patience when it is lost.
import { createConnection } from "node:net";
import { fail, TidewireError } from "@tidewire/protocol";
import type { EngineTraits } from "../../engine/engine.ts";
import type { Cancel, Clock } from "../../ports/clock.ts";
import { type Log, reasonOf } from "../../ports/log.ts";
import type { Random } from "../../ports/random.ts";
import { Asked } from "./asked.ts";
import { Line } from "./line.ts";
import { type FromOwner, protocolVersion, type Word } from "./messages.ts";
import { fieldsOf } from "./reading.ts";
import { encodeRecord, type LineRecord } from "./records.ts";

export interface LinkOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** What the owner says beside answers. */
export type News = Exclude<FromOwner, { kind: "welcome" | "refused" | "done" | "failed" }>;

export interface LinkEvents {
  /** It says who is there. */
  readonly node: () => string;
  greeted(traits: Pick<EngineTraits, "durability" | "survivesRestart">, isUp: boolean): void;
  told(news: News, payload: Uint8Array): void;
  stalled(): void;
  resumed(): void;
  /** Nothing that was asked will be answered; the owner is sought again. */
  lost(): void;
}

type State =
  | { readonly kind: "closed" }
  | { readonly kind: "waiting"; readonly cancel: Cancel }
  | { readonly kind: "greeting" | "open" | "closing"; readonly line: Line; readonly asked: Asked };

const firstDelayMs = 50;
const lastDelayMs = 1_000;
/** An owner that is being started is waited for. */
const startLimitMs = 10_000;
/** A stop waits this long for an owner that does not answer. */
const stopLimitMs = 10_000;

export class OwnerLink {
  readonly #options: LinkOptions;
  readonly #events: LinkEvents;
  #state: State = { kind: "closed" };
  #delayMs = firstDelayMs;
  #greeted: ((refusal: string | null) => void) | null = null;
  /** Why the owner did not let this worker in. */
  #refusal: string | null = null;

  constructor(options: LinkOptions, events: LinkEvents) {
    this.#options = options;
    this.#events = events;
  }

  /** `null` while there is no owner. */
  get asked(): Asked | null {
    return this.#state.kind === "open" || this.#state.kind === "closing" ? this.#state.asked : null;
  }

  get isClosing(): boolean {
    return this.#state.kind === "closing";
  }

  /** @throws {TidewireError} `engine_unavailable`: no owner came, or it is another version. */
  async open(): Promise<void> {
    const refusal = await new Promise<string | null>((resolve) => {
      const cancel = this.#options.clock.after(startLimitMs, () =>
        resolve(`no owner of the log came to ${this.#options.path}`),
      );
      this.#greeted = (why) => {
        cancel();
        resolve(why);
      };
      this.#connect();
    });
    this.#greeted = null;
    if (refusal === null) return;
    this.#leave();
    fail("engine_unavailable", refusal);
  }

  say(word: Word, payloads: readonly Uint8Array[] = []): void {
    if (this.#state.kind === "open") this.#state.line.send(encodeRecord(word, payloads));
  }

  /** Waits for what was asked. */
  async close(): Promise<void> {
    if (this.#state.kind === "open") {
      const { line, asked } = this.#state;
      this.#state = { kind: "closing", line, asked };
      let cancel: Cancel = () => undefined;
      const late = new Promise<void>((resolve) => (cancel = this.#options.clock.after(stopLimitMs, resolve)));
      await Promise.race([asked.finished(), late]);
      cancel();
    }
    this.#leave();
  }

  #leave(): void {
    const state = this.#state;
    this.#state = { kind: "closed" };
    if (state.kind === "waiting") state.cancel();
    if (state.kind === "closed" || state.kind === "waiting") return;
    state.asked.lost();
    state.line.end();
  }

  #connect(): void {
    const { path, clock } = this.#options;
    const socket = createConnection(path);
    const line: Line = new Line(socket, clock, {
      received: (record) => this.#received(record),
      drained: () => undefined,
      closed: (fault) => this.#closed(line, fault),
    });
    const asked = new Asked(line, clock, {
      stalled: () => this.#events.stalled(),
      resumed: () => this.#events.resumed(),
    });
    this.#state = { kind: "greeting", line, asked };
    line.send(encodeRecord({ kind: "hello", version: protocolVersion, node: this.#events.node() } satisfies Word));
  }

  #received({ header, payload }: LineRecord): void {
    if (this.#state.kind === "closed" || this.#state.kind === "waiting") return;
    // The owner's own words; of its engine's answers the hub believes none before it has looked at them.
    const said = fieldsOf(header, "a header") as unknown as FromOwner;
    const { asked } = this.#state;
    asked.heard();
    switch (said.kind) {
      case "welcome":
        return this.#welcomed(said);
      case "refused":
        this.#refusal = said.message;
        return;
      case "done":
        return asked.done(said.n, said.answer, payload);
      case "failed":
        return asked.failed(said.n, said.reason, said.message);
      case "announced":
      case "suspect":
      case "missed":
      case "health":
      case "members":
      case "question":
        return this.#events.told(said, payload);
    }
  }

  #welcomed({ traits, isUp }: Extract<FromOwner, { kind: "welcome" }>): void {
    if (this.#state.kind !== "greeting") throw new TypeError("expected one welcome, got another");
    this.#state = { ...this.#state, kind: "open" };
    this.#delayMs = firstDelayMs;
    this.#events.greeted(traits, isUp);
    this.#greeted?.(null);
  }

  #closed(line: Line, fault: string | null): void {
    const state = this.#state;
    if (state.kind === "closed" || state.kind === "waiting" || state.line !== line) return;
    const wasOpen = state.kind !== "greeting";
    if (fault !== null) this.#options.log.error("the owner of the log said what could not be read", { fault });
    if (state.kind === "closing") this.#state = { kind: "closed" };
    else this.#connectLater();
    state.asked.lost();
    if (wasOpen) this.#events.lost();
    // Another version is no better in a while.
    if (this.#refusal !== null) this.#greeted?.(this.#refusal);
  }

  #connectLater(): void {
    const { clock, random } = this.#options;
    const delayMs = this.#delayMs * (0.5 + random.fraction() / 2);
    this.#delayMs = Math.min(this.#delayMs * 2, lastDelayMs);
    this.#state = { kind: "waiting", cancel: clock.after(delayMs, () => this.#connect()) };
  }
}

/** What was thrown, as the contract has it. */
export function errorOf(thrown: unknown): TidewireError {
  return thrown instanceof TidewireError ? thrown : new TidewireError("internal", reasonOf(thrown));
}
