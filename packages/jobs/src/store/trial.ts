// One open store in one test, with the few verbs that the contract's sentences are written in.
import { expect, onTestFinished, type TestContext } from "vitest";
import type { Claimed, Ending, JobDraft, JobRecord, JobStore, Run, Terms, Wanted } from "./job-store.ts";

/** A store that is empty and that nobody else uses. */
export interface JobStoreUnderTest {
  /** Not open yet. */
  readonly store: JobStore;
  /** One more over the same data, as another process has it; not open yet. */
  another(): JobStore;
  /** Moves the time of all of them forward, or says why that cannot be done. */
  readonly advance: ((ms: number) => void | Promise<void>) | { readonly skip: string };
  /** Why its `counts` do not say for how long jobs have waited. Default: they do. */
  readonly ages?: { readonly skip: string };
  /** Removes the data, after the stores were closed. */
  dispose?(): void | Promise<void>;
}

/** How the suite gets at stores of one kind. */
export interface JobStoreHarness {
  create(): JobStoreUnderTest | Promise<JobStoreUnderTest>;
}

export const leaseMs = 10_000;

export type DraftParts = Partial<Omit<JobDraft, "terms">> & { readonly terms?: Partial<Terms> };

const wanted: Wanted = { names: ["resize"], runs: 10, endings: 0, leaseMs, orphanMs: 3_600_000 };

export class Trial {
  readonly store: JobStore;
  readonly #subject: JobStoreUnderTest;
  #drafts = 0;

  private constructor(subject: JobStoreUnderTest) {
    this.#subject = subject;
    this.store = subject.store;
  }

  static async begin(harness: JobStoreHarness): Promise<Trial> {
    const subject = await harness.create();
    await subject.store.open();
    onTestFinished(async () => {
      await subject.store.close();
      await subject.dispose?.();
    });
    return new Trial(subject);
  }

  /** One more over the same data; closed before the first one. */
  async another(): Promise<JobStore> {
    const store = this.#subject.another();
    await store.open();
    onTestFinished(() => store.close());
    return store;
  }

  async advance(context: TestContext, ms: number): Promise<void> {
    const { advance } = this.#subject;
    if (typeof advance === "function") await advance(ms);
    else context.skip(advance.skip);
  }

  /** For how long the oldest job that waits could have begun, in milliseconds, by name; `undefined`: none of the name waits. */
  async ages(context: TestContext): Promise<Readonly<Record<string, number | undefined>>> {
    const { ages } = this.#subject;
    if (ages !== undefined) context.skip(ages.skip);
    const waiting = (await this.store.counts()).filter(({ state, count }) => state === "waiting" && count > 0);
    return Object.fromEntries(waiting.map(({ name, oldestMs = Number.NaN }) => [name, oldestMs]));
  }

  draft(parts: DraftParts = {}): JobDraft {
    this.#drafts += 1;
    return {
      id: `job-${this.#drafts}`,
      name: "resize",
      input: JSON.stringify({ number: this.#drafts }),
      owner: "",
      dueMs: 0,
      priority: 0,
      key: null,
      keyHolds: "unfinished",
      ...parts,
      terms: { attempts: 3, firstDelayMs: 100, longestDelayMs: 1_000, timeoutMs: 5_000, ...parts.terms },
    };
  }

  /** Adds one. @returns The id that counts. */
  async add(parts: DraftParts = {}): Promise<string> {
    const [added] = await this.store.add([this.draft(parts)]);
    if (added === undefined) throw new Error("an answer for each draft was expected");
    return added.id;
  }

  async claim(parts: Partial<Wanted> = {}, store: JobStore = this.store): Promise<Claimed> {
    return await store.claim({ ...wanted, ...parts });
  }

  /** The only job there is to run. */
  async run(store: JobStore = this.store): Promise<Run> {
    const { runs } = await this.claim({}, store);
    expect(runs).toHaveLength(1);
    return runs[0] ?? expect.unreachable();
  }

  async ids(parts: Partial<Wanted> = {}): Promise<readonly string[]> {
    return (await this.claim(parts)).runs.map(({ id }) => id);
  }

  async endings(store: JobStore = this.store): Promise<readonly Ending[]> {
    return (await this.claim({ runs: 0, endings: 10 }, store)).endings;
  }

  async record(id: string): Promise<JobRecord> {
    const [record] = await this.store.read({ kind: "one", id });
    return record ?? expect.unreachable();
  }
}
