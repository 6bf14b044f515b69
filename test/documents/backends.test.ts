// What the documents tell a backend in another language to send is taken by the server API, once.
import { defineChannel } from "@tidewire/protocol";
import { expect, test } from "vitest";
import { serve } from "../serving.ts";
import { blocksOf } from "./blocks.ts";
import { hasCurl, Program } from "./program.ts";

const channels = [defineChannel("public:{name}"), defineChannel("orders:{id}", { publishers: "server" })];

test.skipIf(!hasCurl).each(["docs/two-backends.md", "docs/from-pusher.md"])(
  "%s: published, and once when repeated",
  async (document) => {
    const apiKey = "a key for the tests";
    const { port } = await serve({ channels, apiKey });
    const commands = blocksOf(document).filter(({ text }) => text.includes("/api/publish"));
    expect(commands).toHaveLength(1);
    const text = commands[0]?.text.replace("localhost:8080", `127.0.0.1:${port}`) ?? "";
    const send = async (): Promise<unknown> => JSON.parse(await Program.say("sh", text, { KEY: apiKey }).ended());
    expect(await send()).toMatchObject({ result: { offset: 1 } });
    expect(await send()).toMatchObject({ result: { offset: 1, duplicate: true } });
  },
);
