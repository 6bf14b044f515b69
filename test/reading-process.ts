// A process that reads one channel with Tidewire's client or the official SDK: `reading-process.ts KIND URL CHANNEL`.
// It prints what it is told, a line of JSON each.
import { createClient } from "@tidewire/client";
import { Centrifuge } from "centrifuge";
import WebSocket from "ws";

export type Line =
  | { readonly kind: "established"; readonly recovered: boolean }
  | { readonly kind: "heard"; readonly offset: number; readonly data: unknown }
  | { readonly kind: "gap" }
  | { readonly kind: "lost" };

const say = (line: Line): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

function own(url: string, name: string): void {
  const client = createClient({ url });
  const channel = client.channel(name);
  channel.onPublication(({ data, position }) => say({ kind: "heard", offset: position?.offset ?? 0, data }));
  channel.onGap(() => say({ kind: "gap" }));
  channel.onState((status) => {
    if (status.kind === "live") say({ kind: "established", recovered: status.recovered });
  });
  client.onState(({ kind }) => {
    if (kind === "waiting") say({ kind: "lost" });
  });
  channel.open();
  client.connect();
}

function official(url: string, name: string): void {
  const client = new Centrifuge(url, { websocket: WebSocket, minReconnectDelay: 10, maxReconnectDelay: 200 });
  const subscription = client.newSubscription(name);
  subscription.on("publication", ({ data, offset }) => say({ kind: "heard", offset: offset ?? 0, data }));
  subscription.on("subscribed", ({ recovered }) => say({ kind: "established", recovered }));
  client.on("connecting", ({ code }) => {
    // 0 is the application's own wish to connect.
    if (code !== 0) say({ kind: "lost" });
  });
  subscription.subscribe();
  client.connect();
}

const [kind, url = "", channel = ""] = process.argv.slice(2);
if (kind === "tidewire") own(url, channel);
else if (kind !== undefined) official(url, channel);
