// The side of a measurement's process that is asked: answers questions by kind, and ends with its parent.
import type { Talk } from "./talk.ts";

type Answers<T extends Talk> = {
  readonly [Kind in keyof T]: (ask: T[Kind]["ask"]) => T[Kind]["answer"] | Promise<T[Kind]["answer"]>;
};

interface Asked<T extends Talk> {
  readonly id: number;
  readonly kind: keyof T;
  readonly ask: T[keyof T]["ask"];
}

export function answer<T extends Talk>(answers: Answers<T>): void {
  const reply = async ({ id, kind, ask }: Asked<T>): Promise<void> => {
    process.send?.({ id, answer: await answers[kind](ask) });
  };
  process.on("message", (asked) => {
    reply(asked as Asked<T>).catch((thrown: unknown) => {
      const problem = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
      process.send?.({ id: (asked as Asked<T>).id, problem });
    });
  });
  process.on("disconnect", () => process.exit());
}
