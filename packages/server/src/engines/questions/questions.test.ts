// Questions between nodes, carried by nothing: who is waited for, how long, and what counts as an answer.
import { beforeEach, expect, it, vi } from "vitest";
import { FakeClock } from "../../testing/fake-clock.ts";
import { type Expected, Questions, type QuestionsOptions } from "./questions.ts";
import { encodeSaid, maxSaidBytes, saidIn } from "./said.ts";

const text = (bytes: Uint8Array | null | undefined): string | null =>
  bytes === null || bytes === undefined ? null : Buffer.from(bytes).toString();
const bytes = (given: string): Uint8Array => Buffer.from(given);

let clock: FakeClock;
let complaints: string[];

beforeEach(() => {
  clock = new FakeClock();
  complaints = [];
});

function node(
  name: string,
  answer: NonNullable<QuestionsOptions["answering"]>["answer"] = (asked) => asked,
): Questions {
  return new Questions({
    title: "the wire",
    clock,
    answering: { node: name, answer },
    complain: (message) => void complaints.push(message),
  });
}

/** What `a` puts on the wire, which nobody carries but the test. */
function carried(expected: Expected): {
  readonly put: (bytes: Uint8Array, of: string | null) => Promise<Expected>;
  readonly said: { readonly bytes: Uint8Array; readonly of: string | null }[];
} {
  const said: { readonly bytes: Uint8Array; readonly of: string | null }[] = [];
  return {
    said,
    put: (message, of) => {
      said.push({ bytes: message, of });
      return Promise.resolve(expected);
    },
  };
}

const one: Expected = { count: 1, nodes: null };
const answerOf = (from: string, n: number, said: string): Uint8Array =>
  encodeSaid({ kind: "answer", node: from, n, bytes: bytes(said) });
const refusalOf = (from: string, n: number): Uint8Array =>
  encodeSaid({ kind: "refusal", node: from, n, bytes: bytes("") });
const noReply = vi.fn();

it("asks one node, which answers", async () => {
  const [a, { put, said }] = [node("a"), carried(one)];
  const b = node("b", (asked) => bytes(`${text(asked)}!`));
  const answer = a.ask("b", bytes("who"), put);
  const [question] = said;
  expect(question?.of).toBe("b");
  await new Promise<void>((resolve) => {
    b.hear(question?.bytes ?? bytes(""), (to, reply) => {
      expect(to).toBe("a");
      a.hear(reply as Uint8Array, noReply);
      resolve();
    });
  });
  expect(text(await answer)).toBe("who!");
});

it("asks no name that cannot be a node's", async () => {
  const [a, { put, said }] = [node("a"), carried(one)];
  for (const name of ["", "a b", "a.b", "*", ">", "x".repeat(65), "a\n"])
    expect(await a.ask(name, bytes("?"), put)).toBe(null);
  expect(said).toEqual([]);
});

it("gives a node up that has not answered within five seconds", async () => {
  const a = node("a");
  let settled: unknown = "not yet";
  const answer = a.ask("b", bytes("?"), carried(one).put).then((given) => (settled = given));
  await Promise.resolve();
  clock.advance(4_999);
  await Promise.resolve();
  expect(settled).toBe("not yet");
  clock.advance(1);
  await answer;
  expect(settled).toBe(null);
});

it("takes an answer that comes before anybody has said who heard the question", async () => {
  const a = node("a");
  const answers = a.askAll(bytes("?"), () => {
    a.hear(answerOf("b", 1, "early"), noReply);
    return Promise.resolve({ count: 2, nodes: null });
  });
  await new Promise((resolve) => setImmediate(resolve));
  a.hear(answerOf("c", 1, "late"), noReply);
  expect([...(await answers)].map(([name, given]) => `${name} ${text(given)}`)).toEqual(["b early", "c late"]);
});

it("waits for all who heard it, and leaves those out who could not", async () => {
  const a = node("a");
  const answers = a.askAll(bytes("?"), carried({ count: 3, nodes: null }).put);
  await Promise.resolve();
  a.hear(answerOf("b", 1, "1"), noReply);
  a.hear(refusalOf("c", 1), noReply);
  // Twice counts once.
  a.hear(answerOf("b", 1, "2"), noReply);
  let isDone = false;
  answers.then(() => (isDone = true)).catch(() => undefined);
  await Promise.resolve();
  expect(isDone).toBe(false);
  a.hear(answerOf("d", 1, "3"), noReply);
  expect([...(await answers)].map(([name, given]) => `${name}${text(given)}`)).toEqual(["b1", "d3"]);
});

it("waits for those who were named, however many heard it", async () => {
  const a = node("a");
  const answers = a.askAll(bytes("?"), carried({ count: 9, nodes: ["b", "c"] }).put);
  await Promise.resolve();
  a.hear(answerOf("b", 1, "1"), noReply);
  a.hear(answerOf("c", 1, "2"), noReply);
  expect((await answers).size).toBe(2);
});

it("believes nobody who was not asked, and nothing of another question", async () => {
  const a = node("a");
  const answer = a.ask("b", bytes("?"), carried(one).put);
  await Promise.resolve();
  a.hear(answerOf("c", 1, "wrong"), noReply);
  a.hear(answerOf("b", 2, "wrong"), noReply);
  await new Promise((resolve) => setImmediate(resolve));
  a.hear(answerOf("b", 1, "right"), noReply);
  expect(text(await answer)).toBe("right");
});

it("does not wait for a node that is gone", async () => {
  const a = node("a");
  const [alone, all] = [
    a.ask("b", bytes("?"), carried(one).put),
    a.askAll(bytes("?"), carried({ count: 2, nodes: null }).put),
  ];
  await Promise.resolve();
  a.gone("c");
  a.gone("b");
  expect(await alone).toBe(null);
  expect((await all).size).toBe(0);
});

it("fails what waits when the connection ends, and takes new questions", async () => {
  const a = node("a");
  const answer = a.ask("b", bytes("?"), carried(one).put);
  await Promise.resolve();
  a.lost();
  await expect(answer).rejects.toMatchObject({ reason: "engine_unavailable" });
  const next = a.ask("b", bytes("?"), carried(one).put);
  await Promise.resolve();
  a.hear(answerOf("b", 2, "again"), noReply);
  expect(text(await next)).toBe("again");
});

it("fails where the question could not be put, and leaves no timer", async () => {
  const a = node("a");
  await expect(a.ask("b", bytes("?"), () => Promise.reject(new Error("no wire")))).rejects.toThrow("no wire");
  a.hear(answerOf("b", 1, "late"), noReply);
  clock.advance(10_000);
});

it("refuses questions that are too large, or too many", async () => {
  const a = node("a");
  const { put } = carried(one);
  await expect(a.ask("b", new Uint8Array(maxSaidBytes + 1), put)).rejects.toMatchObject({ reason: "too_large" });
  const waiting = Array.from({ length: 10_000 }, () => a.ask("b", bytes("?"), put));
  await expect(a.ask("b", bytes("?"), put)).rejects.toMatchObject({ reason: "overloaded" });
  a.gone("b");
  expect(new Set(await Promise.all(waiting))).toEqual(new Set([null]));
});

it("says a refusal where it cannot answer, and says why in its log", async () => {
  const replies: string[] = [];
  const heard = async (answer: () => Uint8Array | Promise<Uint8Array>): Promise<void> => {
    const b = node("b", answer);
    await new Promise<void>((resolve) => {
      b.hear(encodeSaid({ kind: "question", node: "a", n: 7, bytes: bytes("?") }), (_, reply) => {
        replies.push(saidIn(reply)?.kind ?? "nothing");
        resolve();
      });
    });
  };
  await heard(() => {
    throw new Error("a mistake");
  });
  await heard(() => new Uint8Array(maxSaidBytes + 1));
  await heard(() => new Uint8Array(maxSaidBytes));
  expect(replies).toEqual(["refusal", "refusal", "answer"]);
  expect(complaints).toEqual([
    "a question of another node could not be answered",
    "an answer to another node is too large",
  ]);
});

it("refuses more questions of others at a time than it can answer", () => {
  const replies: string[] = [];
  const b = node("b", () => new Promise<Uint8Array>(() => undefined));
  for (let n = 1; n <= 1_001; n += 1) {
    b.hear(encodeSaid({ kind: "question", node: "a", n, bytes: bytes("?") }), (_, reply) => {
      const said = saidIn(reply);
      replies.push(`${said?.kind} ${said?.n}`);
    });
  }
  expect(replies).toEqual(["refusal 1001"]);
});

it("complains of what no node has said, and does not hear itself", () => {
  const a = node("a");
  a.hear(bytes("poison"), noReply);
  a.hear(encodeSaid({ kind: "question", node: "a", n: 1, bytes: bytes("?") }), noReply);
  expect(complaints).toEqual(["the wire carried a question that no node has asked"]);
  expect(noReply).not.toHaveBeenCalled();
});

it.each(["", "q a 1", "q a\n", "x a 1\n", "q a 1 2\n", "q a -1\n", `q ${"a".repeat(65)} 1\n`, "q a.b 1\n", ` q a 1\n`])(
  "takes %j for nobody's words",
  (line) => {
    expect(saidIn(bytes(line))).toBe(null);
  },
);

it("gives back what was encoded, in memory of its own", () => {
  const encoded = encodeSaid({ kind: "answer", node: "n-1_A", n: 999_999, bytes: bytes("line\nline") });
  const said = saidIn(encoded);
  encoded.fill(0);
  expect({ ...said, bytes: text(said?.bytes) }).toEqual({
    kind: "answer",
    node: "n-1_A",
    n: 999_999,
    bytes: "line\nline",
  });
});
