// The thread of an embedded store: obeys what has queued up since the last commit as one transaction.
import type { DatabaseSync } from "node:sqlite";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { reasonOf } from "@tidewire/protocol/ports";
import { openDatabase } from "./database.ts";
import { JobRows } from "./job-rows.ts";
import type { Request, ThreadNews, ThreadOptions } from "./messages.ts";
import { Transaction } from "./transaction.ts";

if (parentPort !== null) serve(parentPort, workerData as ThreadOptions);

type Port = NonNullable<typeof parentPort>;

function serve(port: Port, options: ThreadOptions): void {
  const tell = (news: ThreadNews): void => port.postMessage(news);
  let database: DatabaseSync;
  try {
    database = openDatabase(options.path);
  } catch (thrown) {
    tell({ kind: "refused", message: reasonOf(thrown) });
    return;
  }
  const transaction = new Transaction(database, new JobRows(database, options));
  tell({ kind: "opened" });
  port.on("message", (first: readonly Request[]) => {
    const requests = [...first, ...queued(port)];
    const answers = transaction.obey(requests);
    const isLast = requests.some(({ ask }) => ask.kind === "close");
    if (isLast) database.close();
    // After the commit, never before (J1).
    tell({ kind: "answers", answers });
    if (isLast) port.close();
  });
}

function queued(port: Port): Request[] {
  const requests: Request[] = [];
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    requests.push(...(next.message as readonly Request[]));
  }
  return requests;
}
