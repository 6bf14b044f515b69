// What is published together, and what becomes of each when the server takes a part of it, or none.
import { expect, it } from "vitest";
import { type Answer, type Ask, PublishLine, refusalOf } from "./publish-line.ts";

type Asked = readonly [method: string, body: unknown];

interface Said {
  readonly asked: Asked[];
  readonly line: PublishLine;
}

/** A line to a server that answers as the function says. */
function lineTo(answer: (method: string, commands: readonly unknown[]) => Answer): Said {
  const asked: Asked[] = [];
  const ask: Ask = (method, body) => {
    const parsed = JSON.parse(body) as { readonly commands?: readonly unknown[] };
    asked.push([method, parsed]);
    return new Promise((resolve) => setImmediate(() => resolve(answer(method, parsed.commands ?? []))));
  };
  return { asked, line: new PublishLine(ask) };
}

const all = (line: PublishLine, count: number): Promise<readonly PromiseSettledResult<void>[]> =>
  Promise.allSettled(Array.from({ length: count }, (_, n) => line.publish(JSON.stringify({ n }))));

const accepted = (_: string, commands: readonly unknown[]): Answer => ({
  error: null,
  replies: commands.map(() => ({ publish: {} })),
});

const commands = (...numbers: readonly number[]): object[] => numbers.map((n) => ({ publish: { n } }));
const batchOf = (...numbers: readonly number[]): Asked => {
  return ["batch", { parallel: true, by_channel: true, commands: commands(...numbers) }];
};

it("sends what is published in one turn in one request", async () => {
  const { asked, line } = lineTo(accepted);
  const first = all(line, 2);
  await new Promise((resolve) => setImmediate(resolve));
  await Promise.all([first, all(line, 3)]);
  expect(asked).toEqual([batchOf(0, 1), batchOf(0, 1, 2)]);
});

it("has two requests out, and what is published meanwhile goes together when one of them is answered", async () => {
  const asked: unknown[] = [];
  const answers: ((answer: Answer) => void)[] = [];
  const line = new PublishLine((method, body) => {
    asked.push([method, JSON.parse(body)]);
    return new Promise((resolve) => answers.push(resolve));
  });
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  const told: Promise<unknown>[] = [];
  for (let n = 0; n < 5; n += 1) {
    told.push(line.publish(JSON.stringify({ n })));
    await turn();
  }
  expect(asked).toEqual([
    ["publish", { n: 0 }],
    ["publish", { n: 1 }],
  ]);
  answers[1]?.({ error: null });
  await told[1];
  await turn();
  expect(asked.slice(2)).toEqual([batchOf(2, 3, 4)]);
  answers[0]?.({ error: null });
  answers[2]?.({ error: null, replies: [{}, {}, {}] });
  await Promise.all(told);
});

it("keeps what goes together in one request, and refuses it where a part is refused", async () => {
  const refused = { error: { code: 103, message: "no" } };
  const { asked, line } = lineTo((_, given) => ({
    error: null,
    replies: given.map((one) => (JSON.stringify(one).includes('"n":3') ? refused : { publish: {} })),
  }));
  const texts = (...numbers: readonly number[]): string[] => numbers.map((n) => JSON.stringify({ n }));
  const told = await Promise.allSettled([
    line.publish(...texts(0, 1)),
    line.publish(...texts(2, 3)),
    line.publish(...texts(4)),
    line.publish(...Array.from({ length: 96 }, () => '{"n":5}')),
  ]);
  expect(told.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
  expect(told[1]).toMatchObject({ reason: { code: 103 } });
  const sizes = asked.map(([, body]) => (body as { readonly commands: readonly unknown[] }).commands.length);
  expect(sizes).toEqual([5, 96]);
});

it("sends one alone as it is", async () => {
  const { asked, line } = lineTo(() => ({ error: null }));
  await line.publish('{"n":1}');
  expect(asked).toEqual([["publish", { n: 1 }]]);
});

it("tells each what became of it", async () => {
  const { line } = lineTo(() => ({
    error: null,
    replies: [{ publish: {} }, { error: { code: 100, message: "later" } }, { error: { code: 103, message: "no" } }],
  }));
  const [one, two, three] = await all(line, 3);
  expect(one).toMatchObject({ status: "fulfilled" });
  expect(two).toMatchObject({ status: "rejected", reason: { code: 100, temporary: true } });
  expect(three).toMatchObject({ status: "rejected", reason: { code: 103, temporary: false } });
});

it("asks for each where a server takes no batch", async () => {
  const { asked, line } = lineTo((method) => ({ error: method === "batch" ? refusalOf({ code: 107 }, 400) : null }));
  expect(await all(line, 2)).toMatchObject([{ status: "fulfilled" }, { status: "fulfilled" }]);
  expect(asked.map(([method]) => method)).toEqual(["batch", "publish", "publish"]);
});

it.each([
  ["is overloaded", refusalOf({ code: 100 }, 503)],
  ["does not know the key", refusalOf({ code: 401 }, 401)],
])("asks for none again where a server %s", async (_, error) => {
  const { asked, line } = lineTo(() => ({ error }));
  expect(await all(line, 3)).toMatchObject(Array.from({ length: 3 }, () => ({ status: "rejected", reason: error })));
  expect(asked.map(([method]) => method)).toEqual(["batch"]);
});

it("asks for each no further than the first that nobody can know", async () => {
  const asked: string[] = [];
  const line = new PublishLine((method) => {
    asked.push(method);
    if (method === "batch") return Promise.resolve({ error: refusalOf({ code: 107 }, 400) });
    return asked.length < 3 ? Promise.resolve({ error: null }) : Promise.reject(new Error("away"));
  });
  const [one, ...others] = await all(line, 4);
  expect(one).toMatchObject({ status: "fulfilled" });
  expect(others.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  expect(asked).toEqual(["batch", "publish", "publish"]);
});

it("lets no more wait than it can hold", async () => {
  const { line } = lineTo(accepted);
  const told = await all(line, 10_001);
  expect(told.slice(0, 10_000).every(({ status }) => status === "fulfilled")).toBe(true);
  expect(told[10_000]).toMatchObject({ status: "rejected", reason: { reason: "overloaded" } });
});

it("says to all of a request that nobody can know, and goes on with the next", async () => {
  let isAway = true;
  const line = new PublishLine((_, body) => {
    if (isAway) return Promise.reject(new Error("away"));
    return Promise.resolve(accepted("", (JSON.parse(body) as { commands: unknown[] }).commands));
  });
  expect(await all(line, 2)).toMatchObject([{ status: "rejected" }, { status: "rejected" }]);
  isAway = false;
  expect(await all(line, 2)).toMatchObject([{ status: "fulfilled" }, { status: "fulfilled" }]);
});

it("puts no more into one request than a server takes", async () => {
  const { asked, line } = lineTo(accepted);
  await all(line, 250);
  const sizes = asked.map(([, body]) => (body as { readonly commands: readonly unknown[] }).commands.length);
  expect(sizes).toEqual([100, 100, 50]);
  asked.length = 0;
  const large = JSON.stringify({ text: "x".repeat(100_000) });
  await Promise.all([line.publish(large), line.publish(large), line.publish(large)]);
  expect(asked.map(([method]) => method)).toEqual(["batch", "publish"]);
});
