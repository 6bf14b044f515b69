// A client whose server is not there: it says so, and tries again.
import { createClient } from "@tidewire/client";

const client = createClient({ url: "ws://127.0.0.1:1/connection/websocket" });
const attempts: number[] = [];
await new Promise<void>((resolve) => {
  client.onState((state) => {
    if (state.kind === "waiting") attempts.push(state.attempt);
    if (attempts.length === 2) resolve();
  });
  client.connect();
});
client.close();
console.log(attempts.join());
