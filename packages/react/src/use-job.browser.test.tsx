// A job in a page: from its beginning, as it goes on, and without what is no longer true.
import { createClient } from "@tidewire/client";
import { defineJob } from "@tidewire/protocol";
import { type ReactNode, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { expect, onTestFinished, test, vi } from "vitest";
import { PageClock, PageServer } from "../test/page-server.ts";
import { TidewireProvider, useJob } from "./index.ts";

const report = defineJob("report");

test("a job is shown from its beginning, and what a worker that was cut off still says of it is not", async () => {
  const server = new PageServer();
  const client = createClient({ url: "ws://page.test", transport: server, clock: new PageClock(), random: () => 0.5 });
  const box = document.body.appendChild(document.createElement("main"));
  const root = createRoot(box);
  onTestFinished(() => {
    root.unmount();
    client.close();
    box.remove();
  });
  const show = (children: ReactNode): void =>
    root.render(
      <StrictMode>
        <TidewireProvider client={client}>{children}</TidewireProvider>
      </StrictMode>,
    );
  const reads = (text: string): Promise<void> => vi.waitFor(() => expect(box.textContent).toBe(text), { interval: 5 });
  server.kept = [
    { offset: 2, data: { kind: "progress", run: 1, data: "first" } },
    { offset: 1, data: { kind: "started", run: 1, attempt: 1 } },
  ];
  function Job({ id }: { readonly id: string | null }): ReactNode {
    const job = useJob(report, id);
    return job === null
      ? "none"
      : `${job.state} ${job.attempt} ${job.progress.join(" ")} ${JSON.stringify(job.output)}`;
  }
  client.connect();
  show(<Job id={null} />);
  await reads("none");
  show(<Job id="a" />);
  await reads("running 1 first null");
  expect(server.all("history")).toHaveLength(1);
  server.publish("job:a", 3, { kind: "progress", run: 1, data: "second" });
  await reads("running 1 first second null");
  server.publish("job:a", 4, { kind: "started", run: 2, attempt: 2 });
  server.publish("job:a", 5, { kind: "progress", run: 1, data: "of the dead" });
  server.publish("job:a", 6, { kind: "progress", run: 2, data: "again" });
  await reads("running 2 again null");
  server.publish("job:a", 7, { kind: "done", run: 2, output: 42 });
  server.publish("job:a", 8, { kind: "progress", run: 2, data: "late" });
  await reads("done 2 again 42");
  // A dead letter that is replayed runs anew.
  server.publish("job:a", 9, { kind: "started", run: 3, attempt: 1 });
  await reads("running 1  null");
  // Another job begins with nothing of the one before.
  server.kept = [];
  show(<Job id="b" />);
  await reads("waiting 0  null");
});
