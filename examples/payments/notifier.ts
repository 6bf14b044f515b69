// A worker that tells people, on channels of their own.
import { createWorker } from "@tidewire/jobs";
import { notices, noticesKept, people } from "./channels.ts";
import { introduce, jobsIn, notify } from "./jobs.ts";
import { serverApi } from "./server-api.ts";
import { endWith, key, log, place, port } from "./surroundings.ts";

/** Servers know a key for five minutes: what is younger cannot have been told under a key that is forgotten. */
const keyCountsMs = 4 * 60_000;

const api = serverApi(port, key);

async function isTold(channel: string, id: string): Promise<boolean> {
  const { publications } = await api("history", { channel, limit: noticesKept, reverse: true });
  return (publications as readonly { readonly data: { readonly id: string } }[]).some(({ data }) => data.id === id);
}

const jobs = jobsIn(place.data);
await jobs.store.open();
const worker = createWorker({ jobs, leaseMs: 2_000, pollMs: 50, log });

// A worker that dies between telling and saying so is followed by one that tells again. The key makes both one notice, and
// after a longer outage the channel's own history says whether it is there.
worker.handle(notify, async ({ account, notice }) => {
  const channel = notices.name({ account });
  if (Date.now() - notice.atMs > keyCountsMs && (await isTold(channel, notice.id))) return;
  await api("publish", { channel, data: notice, idempotency_key: notice.id });
});

// In a table of the newest, the same once more changes nothing.
worker.handle(introduce, async (person) => {
  await api("publish", { channel: people.name({}), data: person });
});
worker.start();

endWith(async () => {
  await worker.stop();
  await jobs.store.close();
});
