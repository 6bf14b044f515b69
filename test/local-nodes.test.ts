// Two nodes over one owner: what somebody sees or asks is the same, whichever node has the connection.
import path from "node:path";
import { localEngine, localOwner } from "@tidewire/server/local";
import { memoryEngine } from "@tidewire/server/memory";
import { sqliteEngine } from "@tidewire/server/sqlite";
import { describe, expect, onTestFinished, test } from "vitest";
import { temporaryFile } from "./killable-node.ts";
import { nodesTogether, serveNode } from "./nodes-together.ts";
import { ask } from "./requesting.ts";
import { serve } from "./serving.ts";

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

test("/metrics tells nodes apart that nobody has named", async () => {
  const socket = path.join(path.dirname(temporaryFile()), "owner", "log");
  const owner = localOwner({ engine: memoryEngine(), path: socket });
  await owner.start();
  onTestFinished(() => owner.stop());
  const [one] = [
    await serve({ engine: localEngine({ path: socket }) }),
    await serve({ engine: localEngine({ path: socket }) }),
  ];
  const { body } = await ask(`${one.httpUrl}/metrics`);
  const samples = String(body)
    .split("\n")
    .flatMap((line) => /^(tidewire_\S+) /.exec(line)?.[1] ?? []);
  // Of two lines that are the same but for the figure, a scrape keeps one.
  expect(samples.filter((sample, index) => samples.indexOf(sample) !== index)).toEqual([]);
  expect(samples.filter((sample) => sample.startsWith("tidewire_sessions{"))).toHaveLength(2);
});
