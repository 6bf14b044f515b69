// One run of one job: its handler, its time, its signal, and what is said of it in the end.
import { fail, type JobDefinition, type JobShape, type JobShapeOf, TidewireError } from "@tidewire/protocol";
import { type Cancel, type Clock, type Random, reasonOf } from "@tidewire/protocol/ports";
import { backoffMs } from "./backoff.ts";
import { checked, jsonOf, maxTellingBytes } from "./payload.ts";
import type { Outcome, Run } from "./store/job-store.ts";
import type { Teller } from "./teller.ts";

/** What a handler knows of the job it does. */
export interface JobContext<Reported = unknown> {
  readonly id: string;
  readonly owner: string;
  /** 1 for the first. */
  readonly attempt: number;
  readonly attempts: number;
  /**
   * Aborted, with a TidewireError as its reason, when what it does is no longer wanted: `timed_out`, `canceled`, or
   * `indeterminate` when the worker has lost the job to another one. What is returned after that is dropped.
   */
  readonly signal: AbortSignal;
  /**
   * Tells the owner how far it is. Resolves when it is published; where that cannot be, after ten seconds, without it.
   * @throws {TidewireError} `invalid_data`, `too_large`, `overloaded` when 100 wait.
   */
  progress(data: Reported): Promise<void>;
}

/**
 * Does a job. It may be run more than once, at the same time too where a worker was cut off, so what it does in the world
 * should be safe to do again. A TidewireError that is not temporary makes a dead letter; any other error is tried again.
 */
export type JobHandler<Definition extends JobDefinition> = (
  input: JobShapeOf<Definition>["given"],
  job: JobContext<JobShapeOf<Definition>["reported"]>,
) => JobShapeOf<Definition>["returned"] | Promise<JobShapeOf<Definition>["returned"]>;

export interface Handled {
  readonly definition: JobDefinition;
  readonly handle: (input: unknown, job: JobContext) => unknown;
}

export interface RunPorts {
  readonly clock: Clock;
  readonly random: Random;
  /** `null` where nobody is told. */
  readonly teller: Teller | null;
}

/** Why a run is over before its handler is. */
export type Stop = "canceled" | "returned" | "lost";

const words = {
  canceled: ["canceled", "the job was canceled"],
  returned: ["canceled", "the worker stops; another one takes the job"],
  lost: ["indeterminate", "the worker has lost the job to another one"],
} as const;

export class JobRun {
  readonly run: Run;
  readonly #handled: Handled;
  readonly #ports: RunPorts;
  readonly #abort = new AbortController();
  readonly #stopped = Promise.withResolvers<Outcome | null>();
  #isOver = false;

  constructor(run: Run, handled: Handled, ports: RunPorts) {
    this.run = run;
    this.#handled = handled;
    this.#ports = ports;
  }

  get isStopped(): boolean {
    return this.#abort.signal.aborted;
  }

  /**
   * Runs the handler, unless it is stopped already.
   * @param ended Called when the handler itself has returned, which may be long after its time.
   * @returns How it went; `null` when that is no longer ours to say.
   */
  async outcome(ended: () => void): Promise<Outcome | null> {
    if (this.isStopped) {
      ended();
      return await this.#stopped.promise;
    }
    const cancelTimeout = this.#limitTime();
    const worked = this.#work().finally(ended);
    const outcome = await Promise.race([worked, this.#stopped.promise]);
    cancelTimeout();
    this.#isOver = true;
    return outcome;
  }

  stop(why: Stop): void {
    const [reason, message] = words[why];
    this.#stopped.resolve(why === "lost" ? null : { kind: why });
    this.#abort.abort(new TidewireError(reason, message));
  }

  #limitTime(): Cancel {
    const { timeoutMs } = this.run.terms;
    return this.#ports.clock.after(timeoutMs, () => {
      const late = new TidewireError("timed_out", `the attempt took longer than ${timeoutMs} ms`);
      this.#stopped.resolve(this.#failed(late));
      this.#abort.abort(late);
    });
  }

  async #work(): Promise<Outcome> {
    const { name, inputSchema, outputSchema } = this.#handled.definition;
    try {
      const value: unknown = JSON.parse(this.run.input);
      const input = await checked({ schema: inputSchema, value, what: `the input of "${name}"` });
      const returned = await this.#handled.handle(input, this.#context());
      const what = `the output of "${name}"`;
      return {
        kind: "done",
        output: jsonOf(await checked({ schema: outputSchema, value: returned, what }), what, maxTellingBytes),
      };
    } catch (thrown) {
      return this.#failed(thrown);
    }
  }

  #context(): JobContext {
    const { id, owner, attempt, terms, fence } = this.run;
    const { name, progressSchema } = this.#handled.definition;
    const what = `the progress of "${name}"`;
    return {
      id,
      owner,
      attempt,
      attempts: terms.attempts,
      signal: this.#abort.signal,
      progress: async (value) => {
        const data = await checked({ schema: progressSchema, value, what });
        jsonOf(data, what, maxTellingBytes);
        const { teller } = this.#ports;
        if (this.#isOver || teller === null) return;
        if (teller.isFull) fail("overloaded", "too much progress of this job waits to be published; await each");
        await teller.tell({ kind: "progress", run: fence, data });
      },
    };
  }

  #failed(thrown: unknown): Outcome {
    const reason = thrown instanceof TidewireError ? thrown.reason : "internal";
    const message = reasonOf(thrown);
    if (thrown instanceof TidewireError && !thrown.temporary) return { kind: "dead", reason, message };
    const delayMs = backoffMs(this.run.terms, this.run.attempt, this.#ports.random);
    return { kind: "failed", reason, message, delayMs };
  }
}

/** What the definition's types promise is what its schemas yield. */
export function handled<Shape extends JobShape>(
  definition: JobDefinition<Shape>,
  handle: JobHandler<JobDefinition<Shape>>,
): Handled {
  return { definition, handle: handle as Handled["handle"] };
}
