// Orders a report as anna, and shows what is told of it.
import { createClient } from "@tidewire/client";
import { jobOf } from "@tidewire/client/job";
import { orderReport, report } from "./channels.ts";

const url = process.env["URL"] ?? "ws://localhost:9090/connection/websocket";
const client = createClient({ url, data: { user: "anna" } });
client.connect();

const { id } = await client.call(orderReport, { pages: 5 });
const job = jobOf(client, report, id);
job.subscribe(() => {
  const { state, attempt, progress, output } = job.getSnapshot();
  console.log(`attempt ${attempt}, ${state}: page ${progress.at(-1)?.page ?? 0}`);
  if (output === null) return;
  console.log(`${output.words} words`);
  client.close();
});
