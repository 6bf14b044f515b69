// The worker thread of the SQLite engine: obeys what has queued up since the last commit as one batch.
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { systemClock } from "../../ports/clock.ts";
import { reasonOf } from "../../ports/log.ts";
import {
  type Answer,
  type Batch,
  isOrdered,
  type OrderedRequest,
  type Request,
  type WorkerNews,
  type WorkerOptions,
} from "./messages.ts";
import { refusalOf, Store, type Written } from "./store.ts";

if (parentPort !== null) serve(parentPort, workerData as WorkerOptions);

type Port = NonNullable<typeof parentPort>;

function serve(port: Port, options: WorkerOptions): void {
  const tell = (news: WorkerNews, transfer: ArrayBuffer[] = []): void => port.postMessage(news, transfer);
  let store: Store;
  try {
    store = new Store(options, systemClock);
  } catch (thrown) {
    tell({ kind: "refused", message: reasonOf(thrown) });
    return;
  }
  tell({ kind: "opened", wentBack: store.wentBack });
  port.on("message", (first: Batch) => {
    const batches = [first, ...queued(port)];
    store.at(batches.at(-1)?.elapsedMs ?? 0);
    const answers = obey(store, batches);
    tell({ kind: "answers", answers, damaged: store.takeDamaged() }, answers.flatMap(buffersOf));
    if (batches.some(({ requests }) => requests.some(({ kind }) => kind === "close"))) port.close();
  });
}

/** What arrived while the last batch was committed: this is what makes one commit of many publishes. */
function queued(port: Port): Batch[] {
  const batches: Batch[] = [];
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    batches.push(next.message as Batch);
  }
  return batches;
}

/** First everything that must keep its order, as one transaction; then the rest, which shows what was committed. */
function obey(store: Store, batches: readonly Batch[]): Answer[] {
  const ordered = store.write(batches.flatMap(writtenOf));
  let next = 0;
  return batches.flatMap(({ requests }) =>
    requests.map((request) => {
      const answer = isOrdered(request) ? ordered[next++] : attempt(() => answerTo(store, request));
      return answer ?? refusalOf(new TypeError("an answer for each request was expected"), false);
    }),
  );
}

function writtenOf({ requests, payload }: Batch): Written[] {
  let at = 0;
  return requests.filter(isOrdered).map((request) => {
    const end = at + ("bytes" in request ? request.bytes : 0);
    const data = payload.subarray(at, end);
    at = end;
    return { request, data };
  });
}

function answerTo(store: Store, request: Exclude<Request, OrderedRequest>): Answer {
  switch (request.kind) {
    case "read":
      return store.read(request.channel, request.start, request.limit);
    case "tops":
      return { kind: "tops", tops: request.channels.map((channel) => store.top(channel)) };
    case "follow":
      return { kind: "tops", tops: request.channels.map((channel) => store.follow(channel)) };
    case "unfollow":
      store.unfollow(request.channel);
      return { kind: "done" };
    case "purge":
      return { kind: "purged", ...store.purge(request.newEpoch) };
    case "probe": {
      const purged = attempt(() => ({ kind: "purged", ...store.purge(request.newEpoch) }));
      store.probe();
      return purged.kind === "purged" ? purged : { kind: "purged", more: true, forgot: false };
    }
    case "close":
      store.close();
      return { kind: "done" };
  }
}

/** A damaged page fails the request that meets it and no other. */
function attempt(act: () => Answer): Answer {
  try {
    return act();
  } catch (thrown) {
    return refusalOf(thrown, false);
  }
}

function buffersOf(answer: Answer): ArrayBuffer[] {
  return answer.kind === "page" && answer.payload.buffer instanceof ArrayBuffer ? [answer.payload.buffer] : [];
}
