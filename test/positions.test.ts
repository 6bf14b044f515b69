// Positions that are none, or of another log: never recovered, never the end of a connection (S5, S7).
import { describe, expect, test } from "vitest";
import { delimited } from "../packages/server/src/dialects/centrifuge/encode-protobuf.ts";
import { decodeMessage, encodeMessage, type Message } from "../packages/server/src/dialects/centrifuge/protobuf.ts";
import { engineNames, engines } from "./engines.ts";
import { open, serve, type Served } from "./serving.ts";
import { talk, type Talk } from "./talk.ts";

const channel = "public:a";
const past = 2 ** 53;

interface Answer {
  readonly error?: { readonly code: number; readonly message: string };
  readonly subscribe?: {
    readonly recovered?: boolean;
    readonly was_recovering?: boolean;
    readonly offset: number;
    readonly epoch: string;
  };
  readonly presence_stats?: object;
}

/** Asks in one form of the protocol for one channel again and again. */
interface Speaker {
  ask(command: Readonly<Record<string, unknown>>): Promise<Answer>;
}

function speakerOf(heard: Talk, form: (typeof forms)[keyof typeof forms]): Speaker {
  let id = 1;
  return {
    ask: async (command) => {
      id += 1;
      heard.send(form.write({ id, ...command }));
      return form.read(await heard.next()) as Answer;
    },
  };
}

const forms = {
  JSON: {
    protocols: ["centrifuge-json"],
    // What JSON cannot say itself, such as 1e999, comes as the text of a number.
    write: (command: object) => JSON.stringify(command).replaceAll(/"number:([^"]+)"/g, "$1"),
    read: (message: string | Uint8Array) => JSON.parse(String(message)) as unknown,
    wrong: ["number:-1", "number:-9007199254740993", 1.5, past, "number:1e999", "5", true, [], {}],
  },
  Protobuf: {
    protocols: ["centrifuge-protobuf"],
    write: (command: object) => delimited(encodeMessage("Command", command as Message)).slice(),
    // One byte of length before it, since these are short.
    read: (message: string | Uint8Array) => decodeMessage("Reply", (message as Uint8Array).subarray(1)),
    wrong: [2n ** 64n - 1n, 2n ** 63n, BigInt(past)],
  },
} as const;

async function speaker({ socketUrl }: Served, name: keyof typeof forms): Promise<Speaker> {
  const form = forms[name];
  const heard = await talk(`${socketUrl}/connection/websocket`, { protocols: form.protocols });
  const speaker = speakerOf(heard, form);
  await speaker.ask({ connect: {} });
  return speaker;
}

describe.each(engineNames)("on %s", (engineName) => {
  describe.each(Object.keys(forms) as (keyof typeof forms)[])("in %s", (name) => {
    const { wrong } = forms[name];

    test("an offset that is none is refused in words, and the connection lives", async () => {
      const served = await serve(engines[engineName]());
      const { position } = await served.tide.channel(open, { name: "a" }).publish(1);
      const { epoch } = position;
      const client = await speaker(served, name);
      for (const offset of wrong) {
        const subscribed = await client.ask({ subscribe: { channel, recover: true, epoch, offset } });
        const history = await client.ask({ history: { channel, limit: 10, since: { epoch, offset } } });
        for (const { error } of [subscribed, history]) {
          expect(error).toMatchObject({ code: 107 });
          expect(error?.message).toContain("a non-negative integer as offset, got");
        }
        expect((await client.ask({ presence_stats: { channel } })).presence_stats).toBeDefined();
      }
    });

    test("the future, another epoch and what never was are not recovered; the reply says where it goes on", async () => {
      const served = await serve(engines[engineName]());
      const { tide } = served;
      for (let n = 1; n <= 3; n += 1) await tide.channel(open, { name: "a" }).publish(n);
      const { epoch } = (await tide.channel(open, { name: "a" }).publish(4)).position;
      const places = [
        { epoch, offset: 5 },
        { epoch, offset: past - 1 },
        { epoch: "another", offset: 2 },
        { epoch: "another", offset: 0 },
        { epoch: `${epoch}x`, offset: 4 },
        { epoch: "x".repeat(10_000), offset: 1 },
      ];
      for (const place of places) {
        const client = await speaker(served, name);
        const { subscribe } = await client.ask({ subscribe: { channel, recover: true, ...place } });
        expect(subscribe).toMatchObject({ was_recovering: true, epoch, offset: 4 });
        expect(subscribe?.recovered ?? false).toBe(false);
        // Nothing was replayed: the next thing it hears answers its next question.
        expect((await client.ask({ presence_stats: { channel } })).presence_stats).toBeDefined();
      }
      const client = await speaker(served, name);
      const { subscribe } = await client.ask({ subscribe: { channel, recover: true, epoch, offset: 4 } });
      expect(subscribe).toMatchObject({ recovered: true, epoch, offset: 4 });
    });

    test("the history of another epoch is refused with 112, of the future it is empty", async () => {
      const served = await serve(engines[engineName]());
      const { epoch } = (await served.tide.channel(open, { name: "a" }).publish(1)).position;
      const client = await speaker(served, name);
      const other = await client.ask({ history: { channel, limit: 10, since: { epoch: "another", offset: 0 } } });
      expect(other.error).toMatchObject({ code: 112 });
      const future = await client.ask({ history: { channel, limit: 10, since: { epoch, offset: 7 } } });
      expect(future).toMatchObject({ history: { epoch, offset: 1 } });
    });

    test("among the subscriptions of a connect request, an offset that is none closes the connection with 3501", async () => {
      const { socketUrl } = await serve(engines[engineName]());
      const { protocols, write } = forms[name];
      for (const offset of wrong) {
        const heard = await talk(`${socketUrl}/connection/websocket`, { protocols });
        heard.send(write({ id: 1, connect: { subs: { [channel]: { recover: true, offset } } } }));
        expect((await heard.closed).code).toBe(3501);
      }
    });
  });
});
