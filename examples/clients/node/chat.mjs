// A chat in the terminal that comes back with jitter after a cut.
import { createInterface } from "node:readline";

const [url, name] = process.argv.slice(2);
const typed = []; // what was not sent yet
let socket;
let attempts = 0;

function connect() {
  socket = new WebSocket(url);
  socket.onmessage = ({ data }) => console.log(data);
  socket.onopen = () => {
    attempts = 0;
    send();
  };
  socket.onclose = ({ code, reason }) => {
    // 1009: the line was too long; 4400, 4403 and from 4500 on: not welcome. Coming back would change nothing.
    if ([1009, 4400, 4403].includes(code) || code >= 4500) process.exit(console.error(reason) ?? 1);
    again();
  };
  // Node 22 says nothing more of a connection that cannot be opened.
  socket.onerror = () => {
    if (socket.readyState !== WebSocket.CONNECTING) return;
    socket.onclose = null;
    again();
  };
}

// Everybody who was cut at the same moment returns at another one.
const again = () => setTimeout(connect, Math.random() * Math.min(20_000, 500 * 2 ** attempts++));

function send() {
  while (socket.readyState === WebSocket.OPEN && typed.length > 0) socket.send(typed.shift());
}

connect();
for await (const text of createInterface({ input: process.stdin })) {
  typed.push(`${name}: ${text}`);
  send();
}
