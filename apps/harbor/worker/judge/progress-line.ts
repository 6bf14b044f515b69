// What is told of a program on the way: in order, one after the other; what it says meanwhile goes out together.
import type { JudgeProgress } from "../../contract/judge.ts";

export class ProgressLine {
  readonly #publish: (progress: JudgeProgress) => Promise<void>;
  readonly #waiting: JudgeProgress[] = [];
  #telling: Promise<void> | null = null;

  /** @param publish Called again only when the one before has resolved. */
  constructor(publish: (progress: JudgeProgress) => Promise<void>) {
    this.#publish = publish;
  }

  tell(progress: JudgeProgress): void {
    const last = this.#waiting.at(-1);
    if (progress.kind === "said" && last?.kind === "said") {
      this.#waiting[this.#waiting.length - 1] = { kind: "said", text: last.text + progress.text };
    } else this.#waiting.push(progress);
    this.#telling ??= this.#tellAll().finally(() => (this.#telling = null));
  }

  /** Resolves when everything is told, or was passed over. */
  async told(): Promise<void> {
    await this.#telling;
  }

  async #tellAll(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      // Progress that cannot be told is not worth a program's verdict.
      await this.#publish(next).catch(() => undefined);
    }
  }
}
