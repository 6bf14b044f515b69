// The channels of the soak: of every mode, with members, kept short so that a steady state exists.
import { defineChannel } from "@tidewire/protocol";

/** What the soak publishes: the number of it on its channel, and what makes it as long as a line of chat. */
export interface Numbered {
  readonly n: number;
  readonly key?: string;
  readonly text: string;
}

const ttlMs = 120_000;

export const chat = defineChannel("chat:{n}", { history: { size: 100, ttlMs }, presence: true, publishers: "server" });
export const typing = defineChannel("typing:{n}", { mode: "signal", publishers: "server" });
export const market = defineChannel("market:{n}", {
  mode: "latest",
  key: (value) => (value as Numbered).key ?? "",
  history: { ttlMs },
  publishers: "server",
});
/** One for each who asks for one, and never the same again: what is kept of a channel must not stay for good. */
const doc = defineChannel("doc:{n}", { history: { size: 10, ttlMs: 60_000 } });
/** So much that who does not read has a full socket soon. */
export const fire = defineChannel("fire:{n}", { mode: "signal", publishers: "server" });

export const channels = [chat, typing, market, doc, fire];

/** How many of each are published to: 500 in all. */
export const counts = { chat: 300, typing: 100, market: 100 } as const;
export const keysOfMarket = 20;

export type Kind = "chat" | "typing" | "market" | "doc" | "fire";

export function kindOf(channel: string): Kind {
  return channel.slice(0, channel.indexOf(":")) as Kind;
}
