// @ts-check
// What chat.ts does, in a CommonJS module.
const events = require("node:events");
const { createServer } = require("node:http");
const { createClient } = require("@tidewire/client");
const { feedOf } = require("@tidewire/client/feed");
const { defineChannel } = require("@tidewire/protocol");
const { useChannel } = require("@tidewire/react");
const { createTidewire } = require("@tidewire/server");
const { sqliteEngine } = require("@tidewire/server/sqlite");
const { limitedServer } = require("tidewire/host");

exports.others = [useChannel, sqliteEngine, limitedServer];

async function main() {
  const chat = defineChannel("chat:{room}");
  const server = createServer();
  const tide = createTidewire({ channels: [chat] });
  tide.attach(server);
  await events.once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");

  const client = createClient({ url: `ws://127.0.0.1:${address.port}/connection/websocket` });
  const room = client.channel(chat, { room: "lobby" });
  const feed = feedOf(room, { keep: 10 });
  const heard = new Promise((resolve) => {
    feed.subscribe(() => feed.getSnapshot().publications.length > 0 && resolve(undefined));
  });
  const open = new Promise((resolve) => {
    room.onState(({ kind }) => kind === "live" && resolve(undefined));
  });
  client.connect();
  await open;
  await room.publish("hello");
  await heard;
  console.log(
    feed
      .getSnapshot()
      .publications.map(({ data }) => data)
      .join(),
  );
  client.close();
  await tide.stop({ drainMs: 0 });
  server.close();
}

main().catch((thrown) => {
  console.error(thrown);
  process.exitCode = 1;
});
