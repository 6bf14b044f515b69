// A peer's server on Node, in a process of its own. Argument: its name.
import { answerAsServer, type Serve } from "tidewire/bench";
import { serveBatchedWs } from "./batched-ws.ts";
import { serveNaiveWs } from "./naive-ws.ts";
import { serveSocketIo } from "./socket-io.ts";

const serves: Readonly<Record<string, Serve>> = {
  "naive-ws": serveNaiveWs,
  "batched-ws": serveBatchedWs,
  "socket-io": serveSocketIo,
};

const [name = ""] = process.argv.slice(2);
const serve = serves[name];
if (serve === undefined) throw new TypeError(`expected one of ${Object.keys(serves).join(", ")}; got "${name}"`);
await answerAsServer(serve);
