// Two nodes over one owner: what somebody sees or asks is the same, whichever node has the connection.
import path from "node:path";
import { localEngine, localOwner } from "@tidewire/server/local";
import { memoryEngine } from "@tidewire/server/memory";
import { sqliteEngine } from "@tidewire/server/sqlite";
import { describe, onTestFinished } from "vitest";
import { temporaryFile } from "./killable-node.ts";
import { nodesTogether, serveNode } from "./nodes-together.ts";

const engines = {
  memory: () => memoryEngine(),
  sqlite: () => sqliteEngine({ path: temporaryFile() }),
};

describe.each(["memory", "sqlite"] as const)("over an owner with the %s engine", (kept) => {
  nodesTogether(async () => {
    const socket = path.join(path.dirname(temporaryFile()), "owner", "log");
    const owner = localOwner({ engine: engines[kept](), path: socket });
    await owner.start();
    onTestFinished(() => owner.stop());
    const node = (name: string): ReturnType<typeof serveNode> => serveNode(name, localEngine({ path: socket }));
    return [await node("1"), await node("2")];
  });
});
