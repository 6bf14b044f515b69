// The types of definitions: parameters from the pattern, data and results from the schemas.
import { expectTypeOf, test } from "vitest";
import {
  type DataOf,
  defineCall,
  defineChannel,
  type InfoOf,
  type InputOf,
  type ParamsOf,
  type ResultOf,
  type StandardSchema,
} from "./index.ts";

interface Line {
  readonly text: string;
}

declare const line: StandardSchema<Line>;
declare const count: StandardSchema<number>;

test("parameters come from the pattern", () => {
  expectTypeOf<ParamsOf<"chat:{room}">>().toEqualTypeOf<{ readonly room: string }>();
  expectTypeOf<ParamsOf<"thread:{room}:{id}">>().toEqualTypeOf<{ readonly room: string; readonly id: string }>();
  expectTypeOf<keyof ParamsOf<"feed:numbers">>().toBeNever();
  expectTypeOf(defineChannel("chat:{room}").match("chat:a")).toEqualTypeOf<{ readonly room: string } | null>();
});

test("data and members come from the schemas, and are unknown without", () => {
  const chat = defineChannel("chat:{room}", { data: line, presence: count });
  expectTypeOf<DataOf<typeof chat>>().toEqualTypeOf<Line>();
  expectTypeOf<InfoOf<typeof chat>>().toEqualTypeOf<number>();
  const plain = defineChannel("plain", { presence: true });
  expectTypeOf<DataOf<typeof plain>>().toBeUnknown();
  expectTypeOf<InfoOf<typeof plain>>().toBeUnknown();
});

test("a call has the types of its schemas", () => {
  const call = defineCall("ask", { input: line, output: count });
  expectTypeOf<InputOf<typeof call>>().toEqualTypeOf<Line>();
  expectTypeOf<ResultOf<typeof call>>().toEqualTypeOf<number>();
  const bare = defineCall("bare");
  expectTypeOf<InputOf<typeof bare>>().toBeUnknown();
});
