// The types of the table: what a contract says of a value, an application gets.
import { defineChannel, type StandardSchema } from "@tidewire/protocol";
import { expectTypeOf, test } from "vitest";
import type { Client, Publication } from "./index.ts";
import { type Latest, latestOf, type LatestTable } from "./latest.ts";

interface Quote {
  readonly symbol: string;
  readonly price: number;
}

declare const quote: StandardSchema<Quote>;
declare const client: Client;

const market = defineChannel("market:{venue}", { data: quote, mode: "latest", key: ({ symbol }) => symbol });

test("values are typed by the definition", () => {
  const latest = latestOf(client.channel(market, { venue: "x" }), { rate: 5, pauseWhenHidden: true });
  expectTypeOf(latest).toEqualTypeOf<Latest<Quote, unknown>>();
  const { changed, keys, table } = latest.getSnapshot();
  expectTypeOf(table).toEqualTypeOf<LatestTable<Quote, unknown>>();
  expectTypeOf(table.get("a")).toEqualTypeOf<Publication<Quote, unknown> | undefined>();
  expectTypeOf(keys).toEqualTypeOf<readonly string[]>();
  expectTypeOf(changed).toEqualTypeOf<ReadonlySet<string>>();
});

test("what is shown cannot be changed, and the outline has no values", () => {
  const latest = latestOf(client.channel(market, { venue: "x" }));
  expectTypeOf(latest.getSnapshot().changed).not.toHaveProperty("add");
  // @ts-expect-error Which keys have changed is in the whole snapshot alone.
  expectTypeOf(latest.outline.getSnapshot().changed);
  // @ts-expect-error A table begins with its first value; there is no place to begin after.
  latestOf(client.channel(market, { venue: "x" }), { since: { epoch: "e", offset: 1 } });
});
