// What a subscriber counts of a real socket's bytes, with faults planted by the server and the stream cut anywhere.
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { fillingOf, MarkReader, markOf, nowUs } from "../mark.ts";
import { oneChannel } from "../talk.ts";
import { speechOf, type Wire } from "./speech.ts";
import { type Shared, Subscriber } from "./subscriber.ts";
import { ChannelTally } from "./tally.ts";

const dataOf = (n: number): object => ({
  mark: markOf({ phase: 1, place: 0, n, atUs: nowUs() }),
  text: fillingOf(100),
});

function publication(n: number): Buffer {
  const payload = Buffer.from(JSON.stringify(dataOf(n)));
  return Buffer.concat([Buffer.of(0x81, payload.length), payload]);
}

/** A frame of any length. RFC 6455 §5.2 */
function frameOf(opcode: number, payload: Buffer): Buffer {
  const head = Buffer.of(0x80 | opcode, 126, payload.length >> 8, payload.length & 0xff);
  return Buffer.concat([head, payload]);
}

/** A server that upgrades whoever comes and then says the same to everybody. */
async function serving(say: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
      say(socket);
    });
  });
  onTestFinished(() => void server.close());
  await once(server.listen(0, "127.0.0.1"), "listening");
  return (server.address() as AddressInfo).port;
}

interface Heard {
  readonly subscriber: Subscriber;
  readonly latenciesUs: readonly number[];
  readonly problem: string;
}

/** What a subscriber has when the server has ended the connection. */
async function heard(say: (socket: Socket) => void, wire: Wire = "bare"): Promise<Heard> {
  const port = await serving(say);
  const latenciesUs: number[] = [];
  return await new Promise((resolve) => {
    const shared: Shared = {
      host: "127.0.0.1",
      port,
      path: null,
      marks: new MarkReader(),
      buffer: Buffer.alloc(65_536),
      reads: () => undefined,
      delivered: (atUs) => latenciesUs.push(nowUs() - atUs),
    };
    const ended = (problem: string): void => resolve({ subscriber, latenciesUs, problem });
    const speech = speechOf(wire, { channels: ["bench:0"], recover: null, rate: null });
    const subscriber = new Subscriber({ from: null, speech, tally: new ChannelTally(0), ended }, shared);
    subscriber.tally.begin(1, 0);
  });
}

it("counts a loss, a repeat and a reorder, each as what it is", async () => {
  const stream = Buffer.concat([1, 2, 4, 3, 5, 5, 7, 8].map(publication));
  const { subscriber, latenciesUs, problem } = await heard((socket) => {
    for (let at = 0; at < stream.length; at += 77) socket.write(stream.subarray(at, at + 77));
    socket.end();
  });
  expect(subscriber.tally.result(9, oneChannel)).toEqual({
    expected: 9,
    received: 8,
    lost: 2,
    repeated: 1,
    reordered: 1,
    strays: 0,
  });
  expect([latenciesUs.length, latenciesUs.every((us) => us >= 0)]).toEqual([8, true]);
  expect(problem).toBe("the server closed the connection");
});

const complete = { expected: 3, received: 3, lost: 0, repeated: 0, reordered: 0, strays: 0 };

it("counts all publications of a frame in lines, and answers the ping between them", async () => {
  let said = "";
  const push = (n: number): object => ({ push: { channel: "bench:0", pub: { data: dataOf(n), offset: n } } });
  const replies = [{ id: 1, connect: {} }, { id: 2, subscribe: {} }, push(1), {}, push(2), push(3)];
  const { subscriber } = await heard((socket) => {
    socket.write(frameOf(1, Buffer.from(replies.map((reply) => JSON.stringify(reply)).join("\n"))));
    socket.on("data", (data) => {
      said += data.toString("latin1");
      if (said.endsWith("\0\0\0\0{}")) socket.end();
    });
  }, "centrifuge-json");
  expect(subscriber.tally.result(3, oneChannel)).toEqual(complete);
});

it("counts all publications of a frame with lengths before them", async () => {
  const pieces = [1, 2, 3].map((n) => {
    // As long as two groups of seven bits tell.
    const data = Buffer.from(JSON.stringify({ ...dataOf(n), more: "x".repeat(100) }));
    return Buffer.concat([Buffer.of((data.length & 0x7f) | 0x80, data.length >> 7), data]);
  });
  const { subscriber } = await heard((socket) => {
    const subscribed = Buffer.of(4, 0x08, 2, 0x32, 0);
    socket.end(frameOf(2, Buffer.concat([Buffer.of(2, 0x08, 1), subscribed, ...pieces])));
  }, "centrifuge-protobuf");
  expect(subscriber.tally.result(3, oneChannel)).toEqual(complete);
});

it("answers a ping, and tells when the server says close", async () => {
  let pong = "";
  const { problem } = await heard((socket) => {
    socket.write(Buffer.of(0x89, 2, 0x68, 0x69));
    socket.once("data", (data) => {
      pong = data.toString("hex");
      socket.write(Buffer.concat([Buffer.of(0x88, 5, 0x03, 0xf3), Buffer.from("bad")]));
    });
  });
  expect(pong).toBe("8a82000000006869");
  expect(problem).toBe("the server said close: bad");
});

it("on http_stream, answers a ping by a request to the session that it was told", async () => {
  const requests: string[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", (data) => {
      requests.push(data.toString());
      if (requests.length === 1)
        socket.write('HTTP/1.1 200 OK\r\n\r\n{"id":1,"connect":{"session":"s","node":"n"}}\n{}\n');
      else server.emit("answered");
    });
  });
  onTestFinished(() => void server.close());
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const shared: Shared = {
    host: "127.0.0.1",
    port,
    path: null,
    marks: new MarkReader(),
    buffer: Buffer.alloc(65_536),
    reads: () => undefined,
    delivered: () => undefined,
  };
  const answered = once(server, "answered");
  const speech = speechOf("http-stream", { channels: ["c"], recover: null, rate: null });
  const tally = new ChannelTally(0);
  const subscriber = new Subscriber({ from: null, speech, tally, ended: () => undefined }, shared);
  subscriber.opened.catch(() => undefined);
  await answered;
  expect(requests[0]).toMatch(/^POST \/connection\/http_stream .*"subscribe":\{"channel":"c"\}/s);
  expect(requests[1]).toMatch(/^POST \/emulation .*\{"session":"s","node":"n","data":"\{\}"\}$/s);
});
