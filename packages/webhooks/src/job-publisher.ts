// Ends of jobs, told to endpoints on their way to the job's owner.
import { createHash } from "node:crypto";
import type { JobEvent } from "@tidewire/protocol";
import type { Webhooks } from "./webhooks.ts";

/** Where a worker tells of its jobs; `@tidewire/jobs` calls it so as well. */
export interface JobPublisher {
  publish(id: string, event: JobEvent, key: string): Promise<void>;
  publishAll?(id: string, tellings: readonly { readonly event: JobEvent; readonly key: string }[]): Promise<void>;
}

/**
 * A publisher for `createWorker` that tells endpoints `job.done` and `job.failed` before it tells the job's owner. A worker
 * tells an end until both are done, so endpoints hear of it at least once; jobs without an owner are not told of.
 */
export function withWebhooks(publisher: JobPublisher, webhooks: Pick<Webhooks, "tell">): JobPublisher {
  const tell = async (id: string, event: JobEvent): Promise<void> => {
    // Whatever a job is called, it is one id.
    const told = `job_${createHash("sha256").update(id).digest("base64url")}_${event.run}`;
    if (event.kind === "done") {
      await webhooks.tell({ type: "job.done", id: told, data: { job: id, output: event.output } });
    }
    if (event.kind === "failed") {
      const { reason, message } = event;
      await webhooks.tell({ type: "job.failed", id: told, data: { job: id, reason, message } });
    }
  };
  const told: JobPublisher = {
    publish: async (id, event, key) => {
      await tell(id, event);
      await publisher.publish(id, event, key);
    },
  };
  if (publisher.publishAll === undefined) return told;
  const publishAll = publisher.publishAll.bind(publisher);
  return {
    ...told,
    publishAll: async (id, tellings) => {
      for (const { event } of tellings) await tell(id, event);
      await publishAll(id, tellings);
    },
  };
}
