// Rendering on a server: HTML comes out, and no socket is opened.
import { createClient, type Transport } from "@tidewire/client";
import { defineChannel, defineJob } from "@tidewire/protocol";
import { createElement, type ReactNode } from "react";
import { renderToString } from "react-dom/server";
import { expect, test } from "vitest";
import { TidewireProvider, useChannel, useConnection, useJob, usePresence } from "./index.ts";

const report = defineJob("report");
const chat = defineChannel("chat:{room}", { presence: true });

test("shows the state before anything was opened", () => {
  let opened = 0;
  const transport: Transport = {
    open: () => {
      opened++;
      return { send: () => undefined, close: () => undefined };
    },
  };
  const client = createClient({ url: "ws://nowhere.test", transport });
  function Room(): ReactNode {
    const { publications, status } = useChannel(chat, { room: "lobby" });
    const { count } = usePresence(chat, { room: "lobby" });
    const [job, none] = [useJob(report, "a"), useJob(report, null)];
    return `${useConnection().kind}, ${status.kind}, ${publications.length} publications, ${count} members, ${job?.state}, ${none?.state}`;
  }
  const html = renderToString(createElement(TidewireProvider, { client }, createElement(Room)));
  expect(html).toBe("idle, closed, 0 publications, 0 members, waiting, undefined");
  expect(opened).toBe(0);
  expect(client.state.kind).toBe("idle");
});
