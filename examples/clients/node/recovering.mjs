// A chat in the terminal that comes back with jitter after a cut, misses nothing and repeats nothing.
import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";

const [url, name] = process.argv.slice(2);
const channel = "public:lobby";
let socket, silence, position, unsaid; // position: of the newest line shown; unsaid: the line not confirmed yet
let [attempts, lastId] = [0, 2];

const send = (...commands) => socket.send(commands.map((each) => JSON.stringify(each)).join("\n"));
const publish = () => send({ id: unsaid.id, rpc: { method: "tide.publish", data: unsaid.data } });
const listen = () => (clearTimeout(silence), (silence = setTimeout(reconnect, 35_000))); // pings come every 25 seconds
const fail = (reason) => process.exit(console.error(reason) ?? 1);

function connect() {
  const recovery = position && { recover: true, ...position };
  socket = new WebSocket(url);
  socket.onopen = () => send({ id: 1, connect: {} }, { id: 2, subscribe: { channel, ...recovery } });
  socket.onmessage = ({ data }) => {
    for (const line of data.trim().split("\n")) take(JSON.parse(line));
  };
  // 1009: the line was too long; from 3500 and 4500 on: not welcome. Coming back would change nothing.
  socket.onclose = ({ code, reason }) => (code === 1009 || code % 1000 >= 500 ? fail(reason) : reconnect());
  // Node 22 says nothing more of a connection that cannot be opened.
  socket.onerror = () => socket.readyState === WebSocket.CONNECTING && reconnect();
  listen();
}

function reconnect() {
  clearTimeout(silence);
  socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
  socket.close();
  setTimeout(connect, Math.random() * Math.min(20_000, 500 * 2 ** attempts++));
}

function take({ id, error, subscribe, push }) {
  listen();
  if (error?.temporary || push?.unsubscribe) return reconnect();
  if (error) fail(error.message);
  if (id && id === unsaid?.id) unsaid = unsaid.confirm();
  if (subscribe) {
    if (position && !subscribe.recovered) console.error("some lines were lost");
    position = { epoch: subscribe.epoch, offset: subscribe.offset ?? 0 };
    attempts = 0;
    if (unsaid) publish();
  } else if (push?.pub) {
    position.offset = push.pub.offset;
    console.log(push.pub.data);
  } else if (!id && !push) send({}); // a ping
}

connect();
for await (const text of createInterface({ input: process.stdin })) {
  // The key stays when the line is said again after a cut, so that nobody hears it twice.
  const data = { channel, data: `${name}: ${text}`, key: randomUUID() };
  await new Promise((confirm) => {
    unsaid = { id: ++lastId, data, confirm };
    if (position && socket.readyState === WebSocket.OPEN) publish();
  });
}
