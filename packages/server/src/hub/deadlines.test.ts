// Deadlines: each question has one end, and nothing of it stays behind that.
import { describe, expect, it, vi } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { Deadlines, type Outcomes } from "./deadlines.ts";

/** Longer than any question waits. */
const longMs = 30_000;
/** Shorter than any, and twice that is longer. */
const shortMs = 8_000;

function stage() {
  const clock = new FakeClock();
  const outcomes = {
    answered: vi.fn<Outcomes<string>["answered"]>((answer) => `answered ${String(answer)}`),
    rejected: vi.fn<Outcomes<string>["rejected"]>((thrown) => new Error(`rejected: ${String(thrown)}`)),
    unanswered: vi.fn<Outcomes<string>["unanswered"]>((why) => new Error(`unanswered: ${why}`)),
    late: vi.fn<Outcomes<string>["late"]>(),
  };
  return { clock, outcomes, deadlines: new Deadlines(clock) };
}

const never = (): Promise<never> => new Promise(() => undefined);

describe("Deadlines", () => {
  it("a question that is answered does not run out", async () => {
    const { clock, outcomes, deadlines } = stage();
    await expect(deadlines.ask(() => "yes", outcomes)).resolves.toBe("answered yes");
    clock.advance(longMs);
    expect(outcomes.unanswered).not.toHaveBeenCalled();
    expect(clock.pending).toBe(0);
  });

  it.each<[string, () => unknown]>([
    ["rejects", () => Promise.reject(new Error("no"))],
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
  ])("nor does one whose engine %s", async (_, ask) => {
    const { clock, outcomes, deadlines } = stage();
    await expect(deadlines.ask(ask, outcomes)).rejects.toThrow("rejected: Error: no");
    clock.advance(longMs);
    expect(outcomes.unanswered).not.toHaveBeenCalled();
    expect(clock.pending).toBe(0);
  });

  it("an answer that is none rejects with what is wrong with it", async () => {
    const { outcomes, deadlines } = stage();
    outcomes.answered.mockImplementation(() => {
      throw new Error("expected a position");
    });
    await expect(deadlines.ask(() => "nonsense", outcomes)).rejects.toThrow("expected a position");
  });

  it("without an answer it fails once, and what comes then is late", async () => {
    const { clock, outcomes, deadlines } = stage();
    const { promise, resolve } = Promise.withResolvers<string>();
    const asked = deadlines.ask(() => promise, outcomes);
    clock.advance(shortMs);
    expect(outcomes.unanswered).not.toHaveBeenCalled();
    clock.advance(longMs);
    await expect(asked).rejects.toThrow("unanswered: late");
    resolve("yes");
    await promise;
    expect(outcomes.unanswered).toHaveBeenCalledTimes(1);
    expect(outcomes.answered).not.toHaveBeenCalled();
    expect(outcomes.late).toHaveBeenCalledTimes(1);
    expect(clock.pending).toBe(0);
  });

  it("each has its own time, however many run", async () => {
    const { clock, outcomes, deadlines } = stage();
    const first = deadlines.ask(never, outcomes);
    clock.advance(shortMs);
    const second = deadlines.ask(never, outcomes);
    clock.advance(shortMs);
    await expect(first).rejects.toThrow("unanswered: late");
    expect(outcomes.unanswered).toHaveBeenCalledTimes(1);
    clock.advance(shortMs);
    await expect(second).rejects.toThrow("unanswered: late");
  });

  it("whoever waits when it stops is told so, and an answer after that is nothing to note", async () => {
    const { clock, outcomes, deadlines } = stage();
    const { promise, resolve } = Promise.withResolvers<string>();
    const asked = [deadlines.ask(() => promise, outcomes), deadlines.ask(never, outcomes)];
    deadlines.stop();
    const ends = await Promise.allSettled(asked);
    expect(ends.map((end) => end.status === "rejected" && String(end.reason))).toEqual(
      asked.map(() => "Error: unanswered: stopped"),
    );
    resolve("yes");
    await promise;
    expect(outcomes.late).not.toHaveBeenCalled();
    expect(clock.pending).toBe(0);
  });
});
