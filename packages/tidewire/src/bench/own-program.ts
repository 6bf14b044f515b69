// How a server of Tidewire's own is started to be measured.
import { nodeProgram, type Program } from "./child.ts";
import type { OwnServerOptions } from "./server/own-server.ts";

const script = new URL("./server/server-process", import.meta.url);

/** A server of Tidewire's own, in a process to be measured. */
export function ownProgram(options: Partial<OwnServerOptions> = {}, nodeFlags: readonly string[] = []): Program {
  return nodeProgram(script, [JSON.stringify(options)], ["--expose-gc", ...nodeFlags]);
}
