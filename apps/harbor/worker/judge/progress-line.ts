// What is told of a program on the way: in order, together, and no oftener than those who read it need.
import type { JudgeStep } from "../../contract/judge.ts";

interface ProgressLineOptions {
  /** Called again only when the one before has resolved, and everybody has had their rest. */
  readonly publish: (steps: JudgeStep[]) => Promise<void>;
  /** Resolves when the next may be told. */
  readonly rest: () => Promise<void>;
}

/** UTF-16 units of what was said that are told at once: more would be past what a publication may have. */
const longestSaid = 8_192;

export class ProgressLine {
  readonly #options: ProgressLineOptions;
  readonly #waiting: JudgeStep[] = [];
  readonly #over = Promise.withResolvers<void>();
  #telling: Promise<void> | null = null;

  constructor(options: ProgressLineOptions) {
    this.#options = options;
  }

  tell(step: JudgeStep): void {
    const last = this.#waiting.at(-1);
    if (step.kind === "said" && last?.kind === "said" && last.text.length + step.text.length <= longestSaid) {
      this.#waiting[this.#waiting.length - 1] = { kind: "said", text: last.text + step.text };
    } else this.#waiting.push(step);
    this.#telling ??= this.#tellAll().finally(() => (this.#telling = null));
  }

  /** Says that nothing more comes. Resolves when everything is told, or was passed over. */
  async told(): Promise<void> {
    this.#over.resolve();
    await this.#telling;
  }

  async #tellAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Progress that cannot be told is not worth a program's verdict.
      await this.#options.publish(this.#next()).catch(() => undefined);
      await Promise.race([this.#options.rest(), this.#over.promise]);
    }
  }

  /** As much of what waits as may go together. */
  #next(): JudgeStep[] {
    let said = 0;
    const end = this.#waiting.findIndex((step) => {
      if (step.kind === "said") said += step.text.length;
      return said > longestSaid;
    });
    // One that is longer by itself goes alone.
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : Math.max(1, end));
  }
}
