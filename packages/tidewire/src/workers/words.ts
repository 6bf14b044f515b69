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

/** From the supervisor. `start` is for a worker alone; a port that is exact is the one that the others have. */
export type Order =
  | { readonly kind: "start"; readonly name: string; readonly port: number; readonly isExact: boolean }
  | { readonly kind: "stop" };

/** To the supervisor: the process works. The port and the key are a worker's. */
export interface Ready {
  readonly kind: "ready";
  readonly port: number;
  readonly apiKey: string;
}
