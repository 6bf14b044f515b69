// The side of a measurement's process that is asked: answers questions by kind, and ends with its parent.
import { createInterface } from "node:readline";
import type { Talk } from "./talk.ts";

type Answers<T extends Talk> = {
  readonly [Kind in keyof T]: (ask: T[Kind]["ask"]) => T[Kind]["answer"] | Promise<T[Kind]["answer"]>;
};

interface Asked<T extends Talk> {
  readonly id: number;
  readonly kind: keyof T;
  readonly ask: T[keyof T]["ask"];
}

/** Asked over Node's IPC; by a program that is not Node, in lines of JSON on the standard input. */
export function answer<T extends Talk>(answers: Answers<T>): void {
  const send = process.send === undefined ? sayLine : (message: object): unknown => process.send?.(message);
  const reply = async ({ id, kind, ask }: Asked<T>): Promise<void> => {
    send({ id, answer: await answers[kind](ask) });
  };
  const asked = (question: Asked<T>): void => {
    reply(question).catch((thrown: unknown) => {
      const problem = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
      send({ id: question.id, problem });
    });
  };
  if (process.send === undefined) {
    const lines = createInterface(process.stdin);
    lines.on("line", (line) => asked(JSON.parse(line) as Asked<T>));
    lines.on("close", () => process.exit());
  } else {
    process.on("message", (question) => asked(question as Asked<T>));
    process.on("disconnect", () => process.exit());
  }
}

function sayLine(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
