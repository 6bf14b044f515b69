// What a node writes to one connection, frame by frame: nothing of what rests (F1), and no key more often than its rate (F5).

/** A line of the Centrifuge protocol in JSON, as far as it is looked at. */
interface Line {
  readonly id?: number;
  readonly rpc?: { readonly method?: string; readonly data?: Wish };
  readonly subscribe?: Wish & { readonly tide?: { readonly paused?: boolean; readonly rate?: number } };
  readonly unsubscribe?: Wish;
  readonly error?: unknown;
  readonly push?: Push;
}

interface Wish {
  readonly channel?: string;
  readonly rate?: number;
}

interface Push {
  readonly channel?: string;
  readonly pub?: { readonly key?: string };
  readonly join?: unknown;
  readonly leave?: unknown;
  readonly members?: unknown;
}

/** What its client has asked for of one channel, and what of that is in force. */
interface Pace {
  /** The last command that changes it: what an earlier one is answered with is out of date. */
  asked: number;
  willRest: boolean;
  willRate: number | null;
  isResting: boolean;
  rate: number | null;
  /** Of each key, when it was written within the last second. */
  readonly written: Map<string, number[]>;
}

/** A pull may be under way when a second begins, and another when it ends. */
const underWay = 1;

export class WireWatch {
  readonly #broken: (what: string) => void;
  readonly #now: () => number;
  readonly #paces = new Map<string, Pace>();
  readonly #asked = new Map<number, string>();

  constructor(now: () => number, broken: (what: string) => void) {
    this.#now = now;
    this.#broken = broken;
  }

  /** The node reads what its client says. */
  heard(text: string): void {
    for (const { id, rpc, subscribe, unsubscribe } of linesOf(text)) {
      const channel = subscribe?.channel ?? unsubscribe?.channel ?? rpc?.data?.channel;
      if (id === undefined || channel === undefined) continue;
      if (rpc !== undefined) this.#flow(id, channel, rpc);
      else this.#begin(id, channel, subscribe);
    }
  }

  /** The node writes. */
  said(text: string): void {
    for (const { id, error, push } of linesOf(text)) {
      if (push !== undefined) this.#pushed(push);
      else if (id !== undefined) this.#answered(id, error !== undefined);
    }
  }

  #begin(id: number, channel: string, subscribe: Line["subscribe"]): void {
    const { paused = false, rate = null } = subscribe?.tide ?? {};
    const written = new Map<string, number[]>();
    this.#paces.set(channel, { asked: id, willRest: paused, willRate: rate, isResting: false, rate: null, written });
    this.#asked.set(id, channel);
  }

  #flow(id: number, channel: string, { method, data }: NonNullable<Line["rpc"]>): void {
    const pace = this.#paces.get(channel);
    if (pace === undefined) return;
    if (method === "tide.pause" || method === "tide.resume") pace.willRest = method === "tide.pause";
    else if (method === "tide.rate") pace.willRate = data?.rate ?? null;
    else return;
    // From here it may have been obeyed, until the answer says so.
    pace.asked = id;
    pace.isResting &&= pace.willRest;
    if (pace.rate !== pace.willRate) pace.rate = null;
    this.#asked.set(id, channel);
  }

  #answered(id: number, isRefused: boolean): void {
    const pace = this.#paces.get(this.#asked.get(id) ?? "");
    if (!this.#asked.delete(id) || pace === undefined || pace.asked !== id || isRefused) return;
    pace.isResting = pace.willRest;
    if (pace.rate === pace.willRate) return;
    pace.rate = pace.willRate;
    pace.written.clear();
  }

  #pushed({ channel = "", pub, join, leave, members }: Push): void {
    const pace = this.#paces.get(channel);
    if (pace === undefined || (pub ?? join ?? leave ?? members) === undefined) return;
    if (pace.isResting) this.#broken(`something of ${channel} was written while it rests`);
    if (pub?.key !== undefined && pace.rate !== null) this.#paced(channel, pub.key, { ...pace, rate: pace.rate });
  }

  #paced(
    channel: string,
    key: string,
    { rate, written }: { readonly rate: number; readonly written: Pace["written"] },
  ): void {
    const nowMs = this.#now();
    const times = [...(written.get(key) ?? []).filter((atMs) => nowMs - atMs < 1_000), nowMs];
    written.set(key, times);
    const most = Math.floor(rate) + 1 + underWay;
    if (times.length > most)
      this.#broken(`${key} of ${channel} was written ${times.length} times in a second at ${rate}`);
  }
}

function linesOf(text: string): readonly Line[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);
}
