// The way between a node and the store: commands and answers in order, announcements beside them, and what goes wrong.
import { TidewireError } from "@tidewire/protocol";
import type { EngineSink, Publication } from "../../packages/server/src/engine/engine.ts";
import type { Link } from "../engine/model-engine.ts";
import type { Store, StoreListener } from "../engine/store.ts";
import type { Dice } from "./dice.ts";
import type { Machine } from "./machine.ts";
import type { Scheduler } from "./scheduler.ts";

/** How bad the way is at present. */
export interface LinkFaults {
  /** What does not get through. */
  cut: "nothing" | "commands" | "answers" | "everything";
  /** Share of announcements that are lost, and that come twice. */
  loss: number;
  doubles: number;
  /** Announcements come up to so much later than others after them. */
  disorderMs: number;
  /** Answers come up to so much later than announcements. */
  lateAnswersMs: number;
  /** Share of commands that are answered with `engine_unavailable`. */
  refusals: number;
}

export const noFaults: Readonly<LinkFaults> = {
  cut: "nothing",
  loss: 0,
  doubles: 0,
  disorderMs: 0,
  lateAnswersMs: 0,
  refusals: 0,
};

/** The store as a process. */
export interface StoreProcess {
  readonly store: Store;
  isDown: boolean;
}

/** A command that got no answer in this time has failed. */
const timeoutMs = 2_000;
const probeMs = 500;
/** A loss of announcements is noticed within this time, and told as suspicion. */
const noticeMs = 8_000;

interface Asked {
  readonly isWrite: boolean;
  readonly reject: (error: unknown) => void;
  readonly cancel: () => void;
}

export interface Reached {
  readonly scheduler: Scheduler;
  readonly machine: Machine;
  readonly process: StoreProcess;
  readonly dice: Dice;
  /** Told of a fault that did something. */
  readonly hit: (fault: "announcement lost" | "announcement doubled" | "announcement late" | "engine refused") => void;
}

export class StoreLink implements Link {
  readonly faults: LinkFaults = { ...noFaults };
  readonly #reached: Reached;
  readonly #asked = new Set<Asked>();
  #listener: (StoreListener & Pick<EngineSink, "health">) | null = null;
  readonly #fromStore: StoreListener;
  #isUp = true;
  #commandMs = 0;
  #answerMs = 0;
  #announcementMs = 0;

  constructor(reached: Reached) {
    this.#reached = reached;
    this.#fromStore = {
      announced: (channel, epoch, publication) => this.#announce(channel, epoch, publication),
      suspect: (channels) => this.#tell(0, (listener) => listener.suspect(channels)),
    };
  }

  attach(listener: StoreListener & Pick<EngineSink, "health">): void {
    this.#listener = listener;
    this.#reached.process.store.listeners.add(this.#fromStore);
  }

  detach(): void {
    this.#listener = null;
    this.#reached.process.store.listeners.delete(this.#fromStore);
  }

  ask<T>(act: (store: Store) => T, isWrite: boolean): Promise<T> {
    if (!this.#isUp) return Promise.reject(unavailable("the store cannot be reached"));
    return this.#send(act, isWrite);
  }

  /** The other side's process died: whoever waits is told at once. */
  reset(): void {
    this.#reached.machine.at(this.#reached.scheduler.nowMs + this.#latency(), () => {
      this.#down();
      for (const asked of this.#asked) this.#fail(asked);
    });
  }

  #send<T>(act: (store: Store) => T, isWrite: boolean): Promise<T> {
    const { machine, scheduler, dice, process } = this.#reached;
    return new Promise((resolve, reject) => {
      const asked: Asked = {
        isWrite,
        reject,
        cancel: machine.after(timeoutMs, () => {
          this.#fail(asked);
          this.#down();
        }),
      };
      this.#asked.add(asked);
      // What a cut holds back may still arrive when the way is open again, or never; what follows waits behind it.
      const heldMs = this.#lets("commands") ? 0 : dice.between(500, 6_000);
      if (heldMs > 0 && dice.chance(0.5)) return;
      this.#commandMs = Math.max(this.#commandMs, scheduler.nowMs + this.#latency() + heldMs);
      scheduler.at(this.#commandMs, () => {
        if (process.isDown) return this.#answer(asked, () => reject(unavailable("the store is down")));
        if (dice.chance(this.faults.refusals)) {
          this.#reached.hit("engine refused");
          return this.#answer(asked, () => reject(unavailable("the store refuses")));
        }
        const settle = done(act, process.store);
        this.#answer(asked, () => settle(resolve, reject));
      });
    });
  }

  #answer(asked: Asked, settle: () => void): void {
    const { machine, scheduler, dice } = this.#reached;
    if (!this.#lets("answers")) return;
    const lateMs = this.faults.lateAnswersMs > 0 ? dice.between(0, this.faults.lateAnswersMs) : 0;
    this.#answerMs = Math.max(this.#answerMs, scheduler.nowMs + this.#latency() + lateMs);
    machine.at(this.#answerMs, () => {
      if (!this.#asked.delete(asked)) return;
      asked.cancel();
      settle();
    });
  }

  #fail(asked: Asked): void {
    if (!this.#asked.delete(asked)) return;
    asked.cancel();
    asked.reject(
      asked.isWrite
        ? new TidewireError("indeterminate", "the store did not answer")
        : unavailable("the store did not answer"),
    );
  }

  #announce(channel: string, epoch: string, publication: Publication): void {
    const { dice, hit } = this.#reached;
    const { loss, doubles, disorderMs } = this.faults;
    if (this.#listener === null) return;
    const isCut = !this.#lets("answers");
    if (isCut || dice.chance(loss)) {
      if (!isCut) hit("announcement lost");
      // An engine finds that out by itself, by a counter or by a probe.
      return this.#tell(dice.between(0, noticeMs), (listener) => listener.suspect([channel]));
    }
    // An ephemeral one has no place by which a second one, or one out of turn, could be told.
    const isDurable = publication.offset > 0;
    const isDoubled = isDurable && dice.chance(doubles);
    const lateMs = isDurable && disorderMs > 0 && dice.chance(0.5) ? dice.between(0, disorderMs) : 0;
    if (isDoubled) hit("announcement doubled");
    if (lateMs > 0) hit("announcement late");
    for (let times = isDoubled ? 2 : 1; times > 0; times -= 1) {
      this.#tell(lateMs, (listener) => listener.announced(channel, epoch, publication));
    }
  }

  #tell(lateMs: number, say: (listener: StoreListener) => void): void {
    const { machine, scheduler } = this.#reached;
    const atMs = scheduler.nowMs + this.#latency();
    if (lateMs === 0) this.#announcementMs = Math.max(this.#announcementMs, atMs);
    machine.at(lateMs === 0 ? this.#announcementMs : atMs + lateMs, () => {
      if (this.#listener !== null) say(this.#listener);
    });
  }

  #down(): void {
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#listener?.health("down");
    this.#probe();
  }

  /** As an engine finds out by itself that its store answers again. */
  #probe(): void {
    this.#reached.machine.after(probeMs, () => {
      if (this.#listener === null) return;
      this.#send(() => undefined, false).then(
        () => {
          this.#isUp = true;
          this.#listener?.health("up");
        },
        () => this.#probe(),
      );
    });
  }

  #lets(what: "commands" | "answers"): boolean {
    return this.faults.cut !== what && this.faults.cut !== "everything";
  }

  #latency(): number {
    return this.#reached.dice.between(0.2, 3);
  }
}

function unavailable(why: string): TidewireError {
  return new TidewireError("engine_unavailable", why);
}

type Settle<T> = (resolve: (value: T) => void, reject: (error: unknown) => void) => void;

function done<T>(act: (store: Store) => T, store: Store): Settle<T> {
  try {
    const value = act(store);
    return (resolve) => resolve(value);
  } catch (thrown) {
    return (_, reject) => reject(thrown);
  }
}
