// The server: it moves money, and answers when the books have it. Whatever follows is in the outbox, and none of its business.
import { hash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { fail } from "@tidewire/protocol";
import { createTidewire } from "@tidewire/server";
import { sqliteEngine } from "@tidewire/server/sqlite";
import { mint, openBank } from "./bank.ts";
import { notices, openAccount, people, type Person, readAccount, type Sums, totals, transfer } from "./channels.ts";
import { jobsAfter, jobsAfterOpening, jobsIn } from "./jobs.ts";
import { openSums } from "./sums.ts";
import { endWith, inData, key, place, port } from "./surroundings.ts";

const firstCents = 100_00;
const lookMs = 250;
const minutesShown = 10;

const bank = openBank(inData("bank.db"));
const sums = openSums(inData("sums.db"));
// It drafts jobs and has no business in their store, which stays closed here.
const jobs = jobsIn(place.data);

const tide = createTidewire({
  channels: [notices, people, totals],
  engine: sqliteEngine({ path: inData("tidewire.db") }),
  apiKey: key,
  access: {
    connect({ token }) {
      // Who has the key has the account; yours is behind a login.
      const account = hash("sha256", token).slice(0, 12);
      return token.length < 32 ? null : { user: account, data: account };
    },
    subscribe: ({ user, params }) => params["account"] === undefined || params["account"] === user,
  },
});

tide.handle(openAccount, async ({ name }, { user }) => {
  const payee: Person = { account: user, name };
  const first = { id: `first-${user}`, payer: mint, payee, cents: firstCents, atMs: Date.now() };
  const [introduced, followed] = await Promise.all([jobsAfterOpening(jobs, payee), jobsAfter(jobs, first)]);
  bank.open(first, [introduced, ...followed]);
});

tide.handle(transfer, async ({ id, to, cents }, { user }) => {
  const payer = bank.find(user) ?? fail("denied", "open an account first");
  const payee = bank.find(to);
  if (payee === null || to === user || to === mint.account)
    fail("bad_request", "expected the account of somebody else");
  const asked = { id, payer, payee, cents, atMs: Date.now() };
  bank.transfer(asked, await jobsAfter(jobs, asked));
});

tide.handle(readAccount, (_input, { user }) => {
  const found = bank.find(user);
  return found && { name: found.name, cents: found.cents };
});

// Sums are read while somebody looks: a worker that publishes them itself could be overtaken by one that read them earlier.
tide.source(totals, async function* ({ signal, sleep }): AsyncGenerator<Sums> {
  for (let shown = ""; !signal.aborted; await sleep(lookMs)) {
    const read = sums.read(minutesShown);
    if (JSON.stringify(read) !== shown) yield read;
    shown = JSON.stringify(read);
  }
});

const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript",
  css: "text/css",
};
const server = createServer((request, response) => {
  const [asked = "/"] = (request.url ?? "/").split("?");
  const file = inData(path.join("page", path.posix.normalize(asked === "/" ? "/index.html" : asked)));
  const type = types[path.extname(file).slice(1)];
  if (type === undefined || !existsSync(file)) return void response.writeHead(404).end("Nothing here.\n");
  response.setHeader("content-type", type).end(readFileSync(file));
});
tide.attach(server, { http: true });
await tide.start();
server.listen(port, "localhost");
await once(server, "listening");
process.send?.("ready");

endWith(async () => {
  server.close();
  await tide.stop({ drainMs: 200 });
});
