// The engines that a guarantee is tried on, as options of a server.
import { sqliteEngine } from "@tidewire/server/sqlite";
import { temporaryFile } from "./killable-node.ts";
import type { ServerOptions } from "./serving.ts";

export const engines: Readonly<Record<"memory" | "sqlite", () => Pick<ServerOptions, "engine">>> = {
  memory: () => ({}),
  sqlite: () => ({ engine: sqliteEngine({ path: temporaryFile() }) }),
};

export const engineNames: readonly (keyof typeof engines)[] = ["memory", "sqlite"];
