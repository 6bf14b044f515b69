// The types of definitions: parameters from the pattern, data and results from the schemas.
import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import {
  type DataOf,
  defineCall,
  defineChannel,
  defineJob,
  type InfoOf,
  type GivenOf,
  type InputOf,
  type JobShapeOf,
  type ParamsOf,
  type ResultOf,
  type ReturnedOf,
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

test("the key of a latest channel is taken from what the schema yields", () => {
  const lines = defineChannel("lines:{room}", { data: line, mode: "latest", key: ({ text }) => text });
  expectTypeOf<DataOf<typeof lines>>().toEqualTypeOf<Line>();
  // @ts-expect-error -- a latest channel needs a key
  defineChannel("lines", { data: line, mode: "latest" });
  // @ts-expect-error -- a line has no such field
  defineChannel("lines", { data: line, mode: "latest", key: ({ symbol }) => String(symbol) });
  // @ts-expect-error -- a stream has no key
  defineChannel("lines", { data: line, key: ({ text }: Line) => text });
});

test("a channel of bytes carries them, and has no keys", () => {
  const files = defineChannel("files:{name}", { data: "bytes" });
  expectTypeOf<DataOf<typeof files>>().toEqualTypeOf<Uint8Array>();
});

test("a call has the types of its schemas", () => {
  const call = defineCall("ask", { input: line, output: count });
  expectTypeOf<InputOf<typeof call>>().toEqualTypeOf<Line>();
  expectTypeOf<GivenOf<typeof call>>().toEqualTypeOf<Line>();
  expectTypeOf<ReturnedOf<typeof call>>().toEqualTypeOf<number>();
  expectTypeOf<ResultOf<typeof call>>().toEqualTypeOf<number>();
  const bare = defineCall("bare");
  expectTypeOf<InputOf<typeof bare>>().toBeUnknown();
  expectTypeOf<GivenOf<typeof bare>>().toBeUnknown();
  expectTypeOf<ReturnedOf<typeof bare>>().toBeUnknown();
  expectTypeOf<ResultOf<typeof bare>>().toBeUnknown();
});

test("a schema that changes what it takes has both types, each on its side", () => {
  const input = z.object({ room: z.string(), limit: z.int().default(50) });
  const call = defineCall("page", { input, output: z.string().transform(Number) });
  expectTypeOf<InputOf<typeof call>>().toEqualTypeOf<{ room: string; limit?: number | undefined }>();
  expectTypeOf<GivenOf<typeof call>>().toEqualTypeOf<{ room: string; limit: number }>();
  expectTypeOf<ReturnedOf<typeof call>>().toEqualTypeOf<string>();
  expectTypeOf<ResultOf<typeof call>>().toEqualTypeOf<number>();
});

test("a job has the types of its schemas, each on its side", () => {
  const input = z.object({ room: z.string(), limit: z.int().default(50) });
  const job = defineJob("page", { input, progress: count, output: z.string().transform(Number) });
  type Shape = JobShapeOf<typeof job>;
  expectTypeOf<Shape["input"]>().toEqualTypeOf<{ room: string; limit?: number | undefined }>();
  expectTypeOf<Shape["given"]>().toEqualTypeOf<{ room: string; limit: number }>();
  expectTypeOf<Shape["reported"]>().toEqualTypeOf<number>();
  expectTypeOf<Shape["progress"]>().toEqualTypeOf<number>();
  expectTypeOf<Shape["returned"]>().toEqualTypeOf<string>();
  expectTypeOf<Shape["output"]>().toEqualTypeOf<number>();
  expectTypeOf<JobShapeOf<ReturnType<typeof defineJob>>["input"]>().toBeUnknown();
});
