// What happened to the connection, as a list for people: what this page did, and what the server did. Pure.
import type { ConnectionState, EndReason } from "@tidewire/client";

export interface LogEntry {
  readonly id: number;
  readonly atMs: number;
  /** Whose act it was. */
  readonly side: "page" | "server";
  readonly tone: "plain" | "good" | "bad" | "yours";
  readonly text: string;
}

export type Happening = Omit<LogEntry, "id" | "atMs">;

const entriesKept = 300;

export function addEntries(
  log: readonly LogEntry[],
  happenings: readonly Happening[],
  atMs: number,
): readonly LogEntry[] {
  let id = log.at(-1)?.id ?? 0;
  const added = happenings.map((happening) => ({ ...happening, id: ++id, atMs }));
  return [...log, ...added].slice(-entriesKept);
}

export function happeningsOf(state: ConnectionState, before: ConnectionState["kind"]): readonly Happening[] {
  switch (state.kind) {
    case "idle":
      return [];
    case "connecting":
      return [
        page("plain", state.attempt <= 1 ? "Asks for a connection" : `Asks for a connection, attempt ${state.attempt}`),
      ];
    case "connected":
      return [server("good", `Opened session ${state.session.slice(0, 8)}`)];
    case "waiting":
      return [ended(state.reason, before), page("plain", `Waits ${seconds(state.delayMs)} before it tries again`)];
    case "offline":
      return [page("bad", "Sees that there is no network")];
    case "closed":
      return [ended(state.reason, before)];
  }
}

/** From 3000 on the server said why; below, the page found out by itself. */
function ended({ code, reason }: EndReason, before: ConnectionState["kind"]): Happening {
  if (code >= 3_000) return server("bad", `Closed the connection: ${reason} (${code})`);
  if (code >= 1_000 && before === "connecting") return page("bad", `Got no connection (${code})`);
  if (code >= 1_000) return page("bad", `Lost the socket without a word (${code})`);
  return page("bad", `Gave the socket up: ${reason}`);
}

function page(tone: LogEntry["tone"], text: string): Happening {
  return { side: "page", tone, text };
}

function server(tone: LogEntry["tone"], text: string): Happening {
  return { side: "server", tone, text };
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
