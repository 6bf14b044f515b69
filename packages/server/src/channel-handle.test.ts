// The application's hold on a channel: values by key in a `latest` one, and its limit.
import { defineChannel } from "@tidewire/protocol";
import { describe, expect, it } from "vitest";
import { createTidewire } from "./index.ts";

const market = defineChannel("market:{venue}", {
  mode: "latest",
  key: (value) => (value as { readonly symbol: string }).symbol,
});
const chat = defineChannel("chat");

describe("the application's hold on a latest channel", () => {
  it("publishes and removes by key, and refuses the 10,001st", async () => {
    const tide = createTidewire({ channels: [market, chat] });
    await tide.start();
    const channel = tide.channel(market, { venue: "x" });
    for (let n = 0; n < 10_000; n += 1) await channel.publish({ symbol: `s${n}`, price: n });
    await expect(channel.publish({ symbol: "one more", price: 1 })).rejects.toMatchObject({ reason: "limit_exceeded" });
    expect((await channel.publish({ symbol: "s1", price: 2 })).position.offset).toBe(10_001);
    expect((await channel.remove("s2")).position.offset).toBe(10_002);
    expect(await channel.remove("s2")).toMatchObject({ id: "", position: { offset: 10_002 } });
    expect((await channel.publish({ symbol: "one more", price: 1 })).position.offset).toBe(10_003);
    expect((await channel.history(2)).map(({ data }) => data)).toEqual([{ symbol: "one more", price: 1 }]);
    await expect(tide.channel(chat).remove("a")).rejects.toMatchObject({ reason: "not_available" });
    await expect(channel.remove("")).rejects.toMatchObject({ reason: "bad_request" });
    await tide.stop({ drainMs: 1 });
  });
});
