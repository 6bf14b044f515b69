// Calls whose handlers end when a test says so, and the lines that begin and cancel them.
import { defineCall } from "@tidewire/protocol";
import type { FakeConnection } from "./fake-connection.ts";
import type { FakeNode } from "./fake-node.ts";

/** One time that a handler was entered. */
export interface Entered {
  readonly signal: AbortSignal;
  readonly end: (output: unknown) => void;
}

/** Handles the call "work", and "asked" too; gives what was entered, by the number of its command. */
export function held(node: FakeNode, deadlineMs?: number): ReadonlyMap<number, Entered> {
  const entered = new Map<number, Entered>();
  for (const method of ["work", "asked"]) {
    node.calls.set(method, {
      definition: defineCall(method),
      deadlineMs,
      handler: (input, { signal }) => new Promise((end) => entered.set(input as number, { signal, end })),
    });
  }
  return entered;
}

export function rpc(id: number, timeoutMs?: number, method: "work" | "asked" = "work"): string {
  const tide = timeoutMs === undefined ? {} : { tide: { timeout: timeoutMs } };
  return JSON.stringify({ id, rpc: { method, data: id, ...tide } });
}

export function cancel(id: number, call: unknown): string {
  return JSON.stringify({ id, rpc: { method: "tide.cancel", data: { id: call } } });
}

/** What came for the command of this number: each answer's error code, or its data. */
export function answers(connection: FakeConnection, id: number): unknown[] {
  return connection.lines
    .filter((line) => line["id"] === id)
    .map((line) => {
      const { error, rpc: result } = line as { error?: { code: number }; rpc?: { data?: unknown } };
      return error?.code ?? result?.data;
    });
}
