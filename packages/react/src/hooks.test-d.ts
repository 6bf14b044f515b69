// The types of the hooks: what a contract says, a component gets.
import { defineCall, defineChannel, type Member, type StandardSchema } from "@tidewire/protocol";
import { expectTypeOf, test } from "vitest";
import type { Publication } from "@tidewire/client";
import type { LatestTable } from "@tidewire/client/latest";
import { useCall, useChannel, useLatest, useLatestKey, useLatestKeys, useNewestCall, usePresence } from "./index.ts";

interface Line {
  readonly text: string;
}
interface Face {
  readonly name: string;
}

declare const line: StandardSchema<Line>;
declare const face: StandardSchema<Face>;
declare const count: StandardSchema<number>;

const chat = defineChannel("chat:{room}", { data: line, presence: face });
const thread = defineChannel("thread:{room}:{id}", { data: line });
const numbers = defineChannel("feed:numbers", { data: count });
const quotes = defineChannel("market:{venue}", { data: line, presence: face, mode: "latest", key: ({ text }) => text });
const sum = defineCall("sum", { input: count, output: line });

test("data and members are typed by the definition", () => {
  const view = useChannel(chat, { room: "lobby" });
  expectTypeOf(view.publications).items.toHaveProperty("data").toEqualTypeOf<Line>();
  expectTypeOf(view.publications).items.toHaveProperty("author").toEqualTypeOf<Member<Face> | null>();
  expectTypeOf(view.publish).parameter(0).toEqualTypeOf<Line>();
  expectTypeOf(usePresence(chat, { room: "lobby" }).members).items.toEqualTypeOf<Member<Face>>();
});

test("parameters are wanted exactly where the pattern has some", () => {
  useChannel(numbers);
  useChannel(numbers, {
    keep: 10,
    pauseWhenHidden: true,
    onPublication: ({ data }) => expectTypeOf(data).toBeNumber(),
  });
  useChannel(chat, { room: "a" }, { keep: 10 });
  useChannel(thread, { room: "a", id: "1" });
  usePresence(numbers);
  // @ts-expect-error The room is missing.
  useChannel(chat);
  // @ts-expect-error Options do not stand in for parameters.
  useChannel(chat, { keep: 10 });
  // @ts-expect-error One parameter is missing.
  useChannel(thread, { room: "a" });
  // @ts-expect-error There is no such parameter.
  useChannel(chat, { room: "a", id: "1" });
  // @ts-expect-error The pattern has no parameters.
  useChannel(numbers, { room: "a" });
  // @ts-expect-error A parameter is a text.
  useChannel(chat, { room: 1 });
});

test("a table and its values are typed by the definition", () => {
  const { changed, received, table } = useLatest(quotes, { venue: "x" }, { rate: 5, pauseWhenHidden: true });
  expectTypeOf(table).toEqualTypeOf<LatestTable<Line, Face>>();
  expectTypeOf(changed).toEqualTypeOf<ReadonlySet<string>>();
  expectTypeOf(received).toBeNumber();
  expectTypeOf(useLatestKey(table, "a")).toEqualTypeOf<Publication<Line, Face> | undefined>();
  const view = useLatestKeys(quotes, { venue: "x" });
  expectTypeOf(view.keys).toEqualTypeOf<readonly string[]>();
  expectTypeOf(view.table).toEqualTypeOf<LatestTable<Line, Face>>();
  // @ts-expect-error What renders only when keys come and go does not tell which values have changed.
  expectTypeOf(view.changed);
  // @ts-expect-error The venue is missing.
  useLatest(quotes, { rate: 5 });
});

test("a call takes its input and gives its output", () => {
  const call = useCall(sum);
  expectTypeOf(call).parameter(0).toEqualTypeOf<number>();
  expectTypeOf(call).returns.resolves.toEqualTypeOf<Line>();
  const { ask } = useNewestCall(sum);
  expectTypeOf(ask).parameter(0).toEqualTypeOf<number>();
  expectTypeOf(ask).returns.resolves.toEqualTypeOf<Line>();
  // @ts-expect-error The input is a number.
  ask("1").catch(() => undefined);
});
