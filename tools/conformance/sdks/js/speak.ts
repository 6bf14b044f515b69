// Speaks by the package `centrifuge`: obeys the lines it reads, and tells each thing that happens as a line (sdks/speaker.ts).
import { createInterface } from "node:readline";
import { Centrifuge } from "centrifuge";
import { Centrifuge as ProtobufCentrifuge } from "centrifuge/build/protobuf";

const [url = "", form] = process.argv.slice(2);
const isProtobuf = form === "Protobuf";
const decoder = new TextDecoder();
const tell = (...fields: readonly (string | number)[]): void => void process.stdout.write(`${fields.join("\t")}\n`);
const toData = (json: string): unknown => (isProtobuf ? new TextEncoder().encode(json) : JSON.parse(json));
const toJson = (data: unknown): string => (isProtobuf ? decoder.decode(data as Uint8Array) : JSON.stringify(data));

const waiting: ((token: string) => void)[] = [];
const getToken = (): Promise<string> => {
  tell("token");
  return new Promise((resolve) => void waiting.push(resolve));
};
// The Protobuf form is a build of its own, with classes of its own.
const Client = isProtobuf ? (ProtobufCentrifuge as unknown as typeof Centrifuge) : Centrifuge;
const client = new Client(url, { getToken, minReconnectDelay: 10, maxReconnectDelay: 100 });
client.on("connected", () => tell("connected"));
client.on("connecting", ({ code }) => tell("connecting", code));
client.on("disconnected", ({ code }) => tell("disconnected", code));

function subscribe(channel: string): void {
  const subscription = client.newSubscription(channel);
  subscription.on("subscribed", ({ wasRecovering, recovered }) =>
    tell("subscribed", channel, wasRecovering ? (recovered ? "recovered" : "lost") : "new"),
  );
  subscription.on("unsubscribed", ({ code }) => tell("unsubscribed", channel, code));
  subscription.on("publication", ({ offset, data }) => tell("publication", channel, offset ?? 0, toJson(data)));
  subscription.subscribe();
}

async function ask([word, name = "", rest = ""]: readonly string[]): Promise<void> {
  if (word === "publish") {
    await client.publish(name, toData(rest));
    tell("published");
  } else if (word === "history") {
    const { publications, offset } = await client.history(name, { limit: Number(rest) });
    tell("history", offset, ...publications.map(({ data }) => toJson(data)));
  } else if (word === "presence") {
    const { clients } = await client.presence(name);
    tell("presence", ...Object.values(clients).map(({ user }) => user));
  } else {
    const answer: { readonly data: unknown } = await client.rpc(name, toData(rest));
    tell("answer", toJson(answer.data));
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const [word = "", name = "", ...rest] = line.split("\t");
  if (word === "connect") client.connect();
  else if (word === "disconnect") client.disconnect();
  else if (word === "token") waiting.shift()?.(name);
  else if (word === "subscribe") subscribe(name);
  else ask([word, name, ...rest]).catch((error: { readonly code: number }) => tell("error", error.code));
}
client.disconnect();
