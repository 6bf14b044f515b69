// The channels that exist in development, for any WebSocket tool, page and language.
import { randomInt } from "node:crypto";
import { type ChannelDefinition, defineChannel } from "@tidewire/protocol";
import { every, type ServerOptions, type Tidewire } from "@tidewire/server";

/** `lobby`: at most once, with presence; whoever opens `/` in development is in it. */
export const lobby: ChannelDefinition<"lobby"> = defineChannel("lobby", { mode: "signal", presence: true });

/** `public:{name}`: a hundred publications for five minutes, with presence, for everybody. */
export const open: ChannelDefinition<"public:{name}"> = defineChannel("public:{name}", {
  history: { size: 100, ttlMs: 300_000 },
  presence: true,
});

/** An integer from 1 to 10 every second. */
export const numbers: ChannelDefinition<"feed:numbers"> = defineChannel("feed:numbers", {
  history: { size: 100, ttlMs: 300_000 },
  publishers: "server",
});

const feedIntervalMs = 1_000;

export const developmentChannels: readonly ChannelDefinition[] = [lobby, open, numbers];

/** `/` is the lobby, and it greets: code from any WebSocket tutorial runs against it. */
export const developmentOptions: Pick<ServerOptions, "rootChannel" | "greetings"> = {
  rootChannel: "lobby",
  greetings: { lobby: "Hello! Message From Server!!" },
};

export function startNumbers(tide: Tidewire): void {
  tide.source(
    numbers,
    every(feedIntervalMs, () => randomInt(1, 11)),
  );
}
