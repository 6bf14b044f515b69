// The types of the client: what a contract says, an application gets.
import { defineCall, defineChannel, type Member, type StandardSchema, TidewireError } from "@tidewire/protocol";
import { expectTypeOf, test } from "vitest";
import type { Channel, Client, ConnectionState, Publication, SubscriptionStatus } from "./index.ts";

interface Line {
  readonly text: string;
}

declare const line: StandardSchema<Line>;
declare const count: StandardSchema<number, string>;
declare const client: Client;

const chat = defineChannel("chat:{room}", { data: line });
const numbers = defineChannel("feed:numbers");
const ask = defineCall("ask", { input: line });

test("a channel is typed by its definition, and a plain one is unknown", () => {
  const channel = client.channel(chat, { room: "lobby" });
  expectTypeOf(channel).toEqualTypeOf<Channel<Line, unknown>>();
  expectTypeOf(channel.publish).parameter(0).toEqualTypeOf<Line>();
  channel.onPublication((publication) => expectTypeOf(publication).toEqualTypeOf<Publication<Line, unknown>>());
  expectTypeOf(channel.presence()).resolves.toEqualTypeOf<readonly Member<unknown>[]>();
  expectTypeOf(client.channel(numbers)).toEqualTypeOf<Channel<unknown, unknown>>();
  expectTypeOf(client.channel("plain:name", { presence: true })).toEqualTypeOf<Channel>();
});

test("parameters are wanted exactly where the pattern has some", () => {
  // @ts-expect-error The room is missing.
  client.channel(chat);
  // @ts-expect-error There is no such parameter.
  client.channel(chat, { place: "lobby" });
  // @ts-expect-error The pattern has none.
  client.channel(numbers, { room: "lobby" });
});

test("a call takes what its schema takes, and gives what its schema yields", () => {
  const measure = defineCall("measure", { input: count, output: count });
  expectTypeOf(client.call(measure, 1, { timeoutMs: 500 })).resolves.toBeString();
  client.call(measure, 1).catch((error: unknown) => {
    if (error instanceof TidewireError && error.reason === "timed_out") expectTypeOf(error.temporary).toBeBoolean();
    // @ts-expect-error There is no such reason.
    if (error instanceof TidewireError && error.reason === "nonsense") return;
  });
  // @ts-expect-error What it yields is not what it takes.
  expectTypeOf(client.call(measure, "1")).resolves.toBeString();
  expectTypeOf(client.call(ask, { text: "hi" })).resolves.toBeUnknown();
  // @ts-expect-error The input is a line.
  expectTypeOf(client.call(ask, 1)).resolves.toBeUnknown();
});

test("the unions are closed, so that a switch over them is whole", () => {
  expectTypeOf<ConnectionState["kind"]>().toEqualTypeOf<
    "idle" | "connecting" | "connected" | "waiting" | "offline" | "closed"
  >();
  expectTypeOf<SubscriptionStatus["kind"]>().toEqualTypeOf<
    "closed" | "waiting" | "subscribing" | "live" | "paused" | "refused"
  >();
});

test("a channel's token is a text, or a function that fetches one", () => {
  const channel = client.channel(numbers);
  channel.open({ token: "fixed" });
  channel.open({ token: async () => "fetched" });
  // @ts-expect-error A function answers later.
  channel.open({ token: () => "at once" });
  // @ts-expect-error Nothing is no token.
  channel.open({ token: null });
});
