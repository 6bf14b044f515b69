// What nodes ask each other may come through a store that others write to: what no node says is refused, and harms nobody.
import { expect, it } from "vitest";
import type { EngineCluster } from "./engine/engine.ts";
import { OtherNodes } from "./other-nodes.ts";

type Answer = Parameters<EngineCluster["listen"]>[1];

/** A node whose only other one says this. */
function besides(answers: readonly string[]): { readonly others: OtherNodes; readonly put: Answer } {
  let put: Answer = () => Promise.reject(new Error("nobody listens"));
  const others = new OtherNodes({
    listen: (_node, answer) => {
      put = answer;
    },
    ask: () => Promise.resolve(Buffer.from(answers[0] ?? "")),
    askAll: () => Promise.resolve(answers.map((answer) => Buffer.from(answer))),
  });
  others.listen("own", {
    emulate: () => Promise.resolve("taken"),
    act: (method) => Promise.resolve(JSON.stringify({ method })),
    facts: () => null,
    ledger: () => null,
    metrics: () => Promise.resolve("figures"),
    isReady: () => true,
  });
  return { others, put: (question) => put(question) };
}

it.each([
  "",
  "\n",
  "{}",
  "null\n",
  "[]\n",
  "{not json\n",
  '{"kind":"stop"}\n',
  '{"kind":"api"}\n',
  '{"kind":"api","method":1,"parameters":{}}\n',
  '{"kind":"api","method":"info","parameters":[]}\n',
  '{"kind":"emulation","session":1,"node":"n","form":"text"}\n',
  '{"kind":"emulation","session":"s","node":"n","form":"other"}\n',
])("a question that no node asks is refused: %j", async (question) => {
  await expect(besides([]).put(Buffer.from(question))).rejects.toMatchObject({ reason: "bad_request" });
});

it("a question that a node asks is answered", async () => {
  const { put } = besides([]);
  const said = async (question: string): Promise<string> => Buffer.from(await put(Buffer.from(question))).toString();
  expect(await said('{"kind":"api","method":"info","parameters":{}}\n')).toBe('{"result":"{\\"method\\":\\"info\\"}"}');
  expect(await said('{"kind":"emulation","session":"s","node":"n","form":"text"}\n{}')).toBe("taken");
  expect(await said('{"kind":"ready"}\n')).toBe("true");
});

it.each(["", "x", "null", "[]", '{"result":1}', '{"result":"x"}', '{"result":"[]"}', '{"error":1}', '{"error":{}}'])(
  "an answer that no node gives is an error that is said, and nothing else: %j",
  async (answer) => {
    const { others } = besides([answer]);
    await expect(others.act("info", {})).rejects.toMatchObject({ reason: "internal" });
    expect(await others.areReady()).toBe(false);
    expect(await others.emulate({ node: "n", session: "s", data: new Uint8Array(0), form: "text" })).toBe("unknown");
  },
);
