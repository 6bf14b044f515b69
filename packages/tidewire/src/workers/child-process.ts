// A process under a supervisor: what it is started with, and the order to stop.
import type { Order, Ready, Word } from "./words.ts";

/** What a program of the supervisor's was started with. */
export function planGiven<Plan>(): Plan {
  return JSON.parse(process.argv[2] ?? "{}") as Plan;
}

export function sayStarted(): void {
  process.send?.({ kind: "started" } satisfies Word);
}

export function sayReady(ready: Omit<Ready, "kind">): void {
  process.send?.({ kind: "ready", ...ready } satisfies Word);
}

/** The order that a process waits for; in the meantime it may be told to stop. */
export function ordered<Kind extends Order["kind"]>(kind: Kind): Promise<Extract<Order, { kind: Kind }>> {
  const isIt = (order: Order): order is Extract<Order, { kind: Kind }> => order.kind === kind;
  return new Promise((resolve) => {
    process.on("message", (order: Order) => {
      if (isIt(order)) resolve(order);
    });
  });
}

/**
 * Ends when the supervisor says so, or is gone. A terminal's Ctrl-C comes to every process, and is the supervisor's alone
 * to act upon: the log goes last.
 */
export function endOnOrder(stop: () => Promise<void>): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);
  let isEnding = false;
  const end = (): void => {
    if (isEnding) return;
    isEnding = true;
    stop().then(
      () => process.exit(0),
      (thrown: unknown) => {
        process.stderr.write(`  ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
        process.exit(1);
      },
    );
  };
  process.on("message", (order: Order) => {
    if (order.kind === "stop") end();
  });
  process.on("disconnect", end);
}
