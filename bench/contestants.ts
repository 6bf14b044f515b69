// The contestants, by name: which server runs, and which wire its subscribers speak.
import type { Wire } from "./load/speech.ts";

interface Contestant {
  readonly server: "tidewire" | "naive-ws" | "batched-ws" | "socket-io";
  readonly wire: Wire;
}

export const contestants = {
  "tidewire-json": { server: "tidewire", wire: "centrifuge-json" },
  "tidewire-protobuf": { server: "tidewire", wire: "centrifuge-protobuf" },
  "tidewire-raw": { server: "tidewire", wire: "raw" },
  "tidewire-sse": { server: "tidewire", wire: "sse" },
  "tidewire-http-stream": { server: "tidewire", wire: "http-stream" },
  "naive-ws": { server: "naive-ws", wire: "bare" },
  "batched-ws": { server: "batched-ws", wire: "bare" },
  "socket.io": { server: "socket-io", wire: "socket.io" },
} as const satisfies Readonly<Record<string, Contestant>>;

export type ContestantName = keyof typeof contestants;
export const contestantNames = Object.keys(contestants) as ContestantName[];

/** What every ratio is to. */
export const yardstick: ContestantName = "naive-ws";
