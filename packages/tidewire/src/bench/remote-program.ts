// How a server that cannot be asked is published to and, when it is started for it, measured.
import { nodeProgram, type Program } from "./child.ts";
import type { RemoteProcessOptions } from "./server/remote-process.ts";

const script = new URL("./server/remote-process", import.meta.url);

/** A server that is published to by its own API: one that runs already, or one that is started for it. */
export function remoteProgram(options: RemoteProcessOptions): Program {
  // Only what is started here is on the server's core.
  return { ...nodeProgram(script, [JSON.stringify(options)]), isPinned: options.program !== undefined };
}
