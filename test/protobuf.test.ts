// The unmodified Centrifuge SDK in Protobuf, beside JSON on the same channel.
import { Centrifuge } from "centrifuge";
import { Centrifuge as ProtobufCentrifuge } from "centrifuge/build/protobuf";
import { describe, expect, onTestFinished, test } from "vitest";
import { serve } from "./serving.ts";

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const decode = (data: unknown): unknown => JSON.parse(new TextDecoder().decode(data as Uint8Array)) as unknown;

type Transport = "websocket" | "http_stream";

async function both(transport: Transport): Promise<{ protobuf: ProtobufCentrifuge; json: Centrifuge }> {
  const { socketUrl, httpUrl } = await serve();
  const endpoint = `${transport === "websocket" ? socketUrl : httpUrl}/connection/${transport}`;
  const options = { websocket: WebSocket, emulationEndpoint: `${httpUrl}/emulation` };
  const protobuf = new ProtobufCentrifuge([{ transport, endpoint }], options);
  const json = new Centrifuge([{ transport, endpoint }], options);
  for (const client of [protobuf, json]) {
    client.connect();
    onTestFinished(() => client.disconnect());
    await client.ready();
  }
  return { protobuf, json };
}

describe.each<Transport>(["websocket", "http_stream"])("over %s", (transport) => {
  test("publishes, hears, reads history and presence, each in its own form", async () => {
    const { protobuf, json } = await both(transport);
    const subscriptions = [protobuf, json].map((client) => client.newSubscription("public:a"));
    const heard: unknown[][] = [[], []];
    subscriptions.forEach((subscription, index) => {
      subscription.on("publication", ({ data }) => heard[index]?.push(index === 0 ? decode(data) : data));
      subscription.subscribe();
    });
    for (const subscription of subscriptions) await subscription.ready();
    await subscriptions[0]?.publish(encode({ from: "protobuf" }));
    await subscriptions[1]?.publish({ from: "json, é😀漢" });
    await expect.poll(() => heard.map((each) => each.length)).toEqual([2, 2]);
    const said = [{ from: "protobuf" }, { from: "json, é😀漢" }];
    expect(heard).toEqual([said, said]);
    const history = await protobuf.history("public:a", { limit: 10 });
    expect(history.publications.map(({ data }) => decode(data))).toEqual(said);
    expect(await protobuf.presenceStats("public:a")).toMatchObject({ numClients: 2 });
  });

  test("is refused binary data where JSON clients would miss it", async () => {
    const { protobuf } = await both(transport);
    const refusal = { code: 422, message: expect.stringContaining("binary") as string };
    await expect(protobuf.publish("public:a", Uint8Array.of(255))).rejects.toMatchObject(refusal);
  });
});
