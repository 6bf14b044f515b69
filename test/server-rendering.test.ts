// A page of hooks that is rendered on a server, beside a Tidewire that counts who comes: nobody does.
import { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { type Client, createClient } from "@tidewire/client";
import { defineCall, defineChannel } from "@tidewire/protocol";
import {
  TidewireProvider,
  useCall,
  useChannel,
  useConnection,
  useLatestKeys,
  useNewestCall,
  usePresence,
} from "@tidewire/react";
import { createElement, type ReactNode } from "react";
import { renderToPipeableStream, renderToString } from "react-dom/server";
import { expect, onTestFinished, test } from "vitest";
import { open, serve } from "./serving.ts";

const market = defineChannel("market", { mode: "latest", key: String });
const sum = defineCall("sum");

function Room(): ReactNode {
  const { publications, status } = useChannel(open, { name: "hello" });
  const { count } = usePresence(open, { name: "hello" });
  const { keys } = useLatestKeys(market, { rate: 5 });
  const { isPending } = useNewestCall(sum);
  useCall(sum);
  return `${useConnection().kind} ${status.kind} ${publications.length} ${count} ${keys.length} ${isPending}`;
}

function page(client: Client): ReactNode {
  return createElement(TidewireProvider, { client }, createElement(Room));
}

async function streamed(node: ReactNode): Promise<string> {
  let html = "";
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      html += chunk.toString();
      done();
    },
  });
  const { pipe } = renderToPipeableStream(node, { onAllReady: () => pipe(sink) });
  await finished(sink);
  return html;
}

test("rendered whole and as a stream, it opens no connection; the same client connects when it is told to", async () => {
  const { tide, server, socketUrl } = await serve({ channels: [open, market] });
  const seen: (string | undefined)[] = [];
  server.on("connection", () => seen.push("a socket"));
  const client = createClient({ url: `${socketUrl}/connection/websocket` });
  onTestFinished(() => client.close());
  const html = "idle closed 0 0 0 false";
  expect(renderToString(page(client))).toBe(html);
  expect(await streamed(page(client))).toBe(html);
  expect([client.state.kind, seen, tide.stats().counters["upgrades"] ?? 0]).toEqual(["idle", [], 0]);

  // The counters do count: nothing before this line had come.
  client.connect();
  await expect.poll(() => client.state.kind).toBe("connected");
  expect([seen.length, tide.stats().counters["upgrades"]]).toEqual([1, 1]);
});

test("a client is made where there is no page, with an address that only a page can complete", () => {
  const client = createClient({ url: "/connection/websocket" });
  expect(renderToString(page(client))).toBe("idle closed 0 0 0 false");
});
