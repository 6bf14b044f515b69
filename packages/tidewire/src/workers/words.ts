// What the supervisor and its processes say to each other.
import type { Config } from "../config/config.ts";
import type { Flags } from "../settings.ts";

/** What the owner of the log is started with. */
export interface OwnerPlan {
  /** Where workers find it. */
  readonly path: string;
  /** `null`: in memory. */
  readonly database: string | null;
  readonly mode: "development" | "production";
  readonly logLevel: Config["log"]["level"];
}

/** What a worker is started with; the rest it reads where the supervisor did. */
export interface WorkerPlan {
  /** `null`: the engine is one that nodes share without an owner. */
  readonly path: string | null;
  readonly flags: Flags;
}

/** Where workers listen; a port that is exact is the one that the others have. */
export interface Door {
  readonly port: number;
  readonly isExact: boolean;
}

/** From the supervisor; `start` and `listen` are for a worker alone. */
export type Order =
  | { readonly kind: "start"; readonly name: string }
  | ({ readonly kind: "listen" } & Door)
  | { readonly kind: "stop" };

/** To the supervisor. A worker has started when it could listen; the port and the key of what is ready are a worker's. */
export type Word =
  | { readonly kind: "started" }
  | { readonly kind: "ready"; readonly port: number; readonly apiKey: string };

export type Ready = Extract<Word, { kind: "ready" }>;
