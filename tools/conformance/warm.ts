// A first client, so that a suite does not meet a process that has yet to load and compile what it runs.
//
// Suites race with the server in places: centrifuge-python's recovery test leaves before it has seen a reply, and then
// waits for ever when the reply took some milliseconds more than usual.
import { createHmac } from "node:crypto";

const rounds = 20;

/** Connects with a token, subscribes and publishes, several times over. @throws when the server refuses. */
export async function warm(port: number, secret: string): Promise<void> {
  for (let round = 0; round < rounds; round += 1) await converse(port, tokenOf(secret));
}

function converse(port: number, token: string): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/connection/websocket`);
  const commands = [
    { id: 1, connect: { token } },
    { id: 2, subscribe: { channel: "warm" } },
    { id: 3, publish: { channel: "warm", data: {} } },
  ];
  return new Promise((resolve, reject) => {
    socket.addEventListener("open", () => socket.send(commands.map((each) => JSON.stringify(each)).join("\n")));
    socket.addEventListener("message", ({ data }) => {
      const { id, error } = JSON.parse(String(data)) as { readonly id?: number; readonly error?: unknown };
      if (error !== undefined) reject(new Error(`warming up: expected no error, got ${JSON.stringify(error)}`));
      if (id === 3) socket.close();
    });
    socket.addEventListener("error", () => reject(new Error("warming up: the server does not answer")));
    socket.addEventListener("close", () => resolve());
  });
}

function tokenOf(secret: string): string {
  const [header, claims] = [{ alg: "HS256", typ: "JWT" }, { sub: "warm" }].map((part) =>
    Buffer.from(JSON.stringify(part)).toString("base64url"),
  );
  const signed = `${header}.${claims}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}
