// The door "@tidewire/client/job": a background job as its owner sees it, whenever he comes to look.

import type { JobDefinition, JobEvent, JobShape, Position } from "@tidewire/protocol";
import { ChannelHandle } from "./channel.ts";
import type { Client } from "./client.ts";
import type { Cancel } from "./clock.ts";
import { FrameValue } from "./frame-value.ts";
import type { HistoryPage, Publication } from "./publication.ts";
import type { Store } from "./store.ts";
import { isUp, type SubscriptionStatus } from "./subscription-status.ts";

/** What is known of a job. */
export interface JobSnapshot<Shape extends JobShape = JobShape> {
  /** `waiting`: nobody has said anything of it yet. */
  readonly state: "waiting" | "running" | "retrying" | "done" | "failed" | "canceled";
  /** 1 for the first; 0 before it. */
  readonly attempt: number;
  /** What was told of the present attempt, oldest first; the newest 300 of it. */
  readonly progress: readonly Shape["progress"][];
  /** Of a job that is done. */
  readonly output: Shape["output"] | null;
  /** Why it failed, or why its last attempt did: a name of the table of errors. "": it did not. */
  readonly reason: string;
  readonly message: string;
  /** Of the subscription to its channel. */
  readonly status: SubscriptionStatus;
}

/** A job to be watched. */
export type Job<Shape extends JobShape = JobShape> = Store<JobSnapshot<Shape>>;

/**
 * A job, from its beginning as far as its channel's history goes back. Watching it opens the channel.
 * @param definition For its types.
 */
export function jobOf<Shape extends JobShape>(
  client: Client,
  definition: JobDefinition<Shape>,
  id: string,
): Job<Shape> {
  // By its name: a page need not carry the grammar of channels for it.
  const channel = client.channel(`job:${id}`);
  if (!(channel instanceof ChannelHandle))
    throw new TypeError(`expected a client of this package for "${definition.name}"`);
  // The definition says what its events carry.
  return new WatchedJob(channel).store as Job as Job<Shape>;
}

type Told = Publication<JobEvent>;
type Known = Omit<JobSnapshot, "status"> & { readonly run: number };

const unknown: Known = { run: 0, state: "waiting", attempt: 0, progress: [], output: null, reason: "", message: "" };

const kept = 300;
const againMs = 1_000;

class WatchedJob {
  readonly store: FrameValue<JobSnapshot>;
  readonly #channel: ChannelHandle;
  /** What came by itself since history was read last. */
  #fresh: Told[] = [];
  #known = unknown;
  #mustRead = true;
  #isReading = false;

  constructor(channel: ChannelHandle) {
    this.#channel = channel;
    this.store = new FrameValue(this.#build(), channel.host, () => this.#start());
  }

  #start(): Cancel {
    const { subscription, host } = this.#channel;
    let wait: Cancel = () => undefined;
    let isWatched = true;
    const read = (): void => {
      if (!this.#mustRead || this.#isReading || !isUp(subscription.status.getSnapshot())) return;
      this.#isReading = true;
      void this.#channel
        .history({ limit: kept, reverse: true })
        .then(
          (page) => this.#take(page),
          () => void (wait = isWatched ? host.clock.after(againMs, read) : wait),
        )
        .finally(() => (this.#isReading = false));
    };
    const show = (): void => {
      const status = subscription.status.getSnapshot();
      if (isUp(status) && !status.recovered) this.#mustRead = true;
      read();
      this.store.later(() => this.#build());
    };
    const stops = [
      subscription.status.subscribe(show),
      subscription.gaps.add(() => {
        this.#mustRead = true;
        show();
      }),
      subscription.publications.add((publication) => {
        this.#fresh.push(publication as Told);
        if (!this.#mustRead) this.#known = after(this.#known, publication.data as JobEvent);
        show();
      }),
      subscription.open({}),
    ];
    this.#mustRead = true;
    show();
    return () => {
      isWatched = false;
      wait();
      for (const stop of stops) stop();
    };
  }

  /** What history has, and after it what came by itself meanwhile. */
  #take({ publications, position }: HistoryPage): void {
    const isNewer = ({ position: at }: Told): boolean => isAfter(at, position);
    this.#fresh = this.#fresh.filter(isNewer);
    const told = [...(publications.toReversed() as Told[]), ...this.#fresh];
    // An end that was seen stays one where history has forgotten it.
    const before = told.length === 0 ? this.#known : { ...unknown, run: 0 };
    this.#known = told.reduce((known, { data }) => after(known, data), before);
    this.#fresh = [];
    this.#mustRead = false;
    this.store.later(() => this.#build());
  }

  #build(): JobSnapshot {
    const { run: _, ...known } = this.#known;
    return { ...known, status: this.#channel.status };
  }
}

function isAfter(at: Position | null, place: Position | null): boolean {
  return at !== null && (place === null || at.epoch !== place.epoch || at.offset > place.offset);
}

const ends: readonly JobSnapshot["state"][] = ["done", "failed", "canceled"];

/**
 * What is known once `event` was told. A worker that was cut off may speak of a run that another has taken over, or has
 * told the end of.
 */
function after(known: Known, event: JobEvent): Known {
  if (event.run < known.run || (event.run === known.run && ends.includes(known.state))) return known;
  const { run, kind } = event;
  switch (kind) {
    case "started":
      return { ...unknown, run, state: "running", attempt: event.attempt };
    case "progress":
      return { ...known, run, state: "running", progress: [...known.progress, event.data].slice(-kept) };
    case "retrying":
      return { ...known, run, state: kind, reason: event.reason };
    case "done":
      return { ...known, run, state: kind, output: event.output, reason: "", message: "" };
    case "failed":
      return { ...known, run, state: kind, reason: event.reason, message: event.message };
    case "canceled":
      return { ...known, run, state: kind };
  }
}
