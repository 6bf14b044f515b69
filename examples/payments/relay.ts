// The relay: takes what transactions have ordered into the store of jobs. Killed in between, it brings the same again.
import { relayOutbox } from "@tidewire/jobs";
import { openBank } from "./bank.ts";
import { jobsIn } from "./jobs.ts";
import { endWith, inData, log, place } from "./surroundings.ts";

const jobs = jobsIn(place.data);
await jobs.store.open();
const relay = relayOutbox({ jobs, outbox: openBank(inData("bank.db")).outbox, pollMs: 50, log });

endWith(async () => {
  await relay.stop();
  await jobs.store.close();
});
