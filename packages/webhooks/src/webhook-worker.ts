// The thread of webhooks: has the database, sends, and waits for its turn while another process has it.
import type { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { type Log, reasonOf, systemClock, systemRandom } from "@tidewire/protocol/ports";
import { InUse, isFull, openDatabase } from "./database.ts";
import type { Answer, Ask, Answers, Request, ThreadNews, ThreadOptions } from "./messages.ts";
import { systemResolve } from "./ports/resolver.ts";
import { Sender } from "./sender.ts";

type Port = NonNullable<typeof parentPort>;

/** How long a process that is gone is not noticed. */
const againMs = 1_000;

function serve(port: Port, options: ThreadOptions): void {
  const tell = (news: ThreadNews): void => port.postMessage(news);
  const log = logThrough(tell);
  let sender: Sender | null = null;
  let hasSaid = false;
  const begin = (): void => {
    try {
      const database = openDatabase(options.path, () => systemRandom.token(132));
      sender = senderOn(database, options, log);
      sender.start();
    } catch (thrown) {
      if (!(thrown instanceof InUse)) return tell({ kind: "failed", message: reasonOf(thrown) });
      if (!hasSaid) log.info("webhooks are sent by another process, until it is gone", { path: options.path });
      hasSaid = true;
      systemClock.after(againMs, begin);
    }
    tell({ kind: "ready" });
  };
  begin();
  port.on("message", ({ number, ask }: Request) => {
    if (ask.kind !== "close") return tell(answerTo(number, () => obey(sender, ask)));
    const stopping = sender?.stop(ask.graceMs) ?? Promise.resolve();
    sender = null;
    stopping.then(
      () => closed(port, number),
      () => closed(port, number),
    );
  });
}

function closed(port: Port, number: number): void {
  port.postMessage({ kind: "value", number, value: null } satisfies ThreadNews);
  port.close();
}

function senderOn(database: DatabaseSync, { endpoints, maxFileBytes }: ThreadOptions, log: Log): Sender {
  const ports = { clock: systemClock, random: systemRandom, resolve: systemResolve, log };
  return new Sender({ database, endpoints, maxFileBytes, ports });
}

/** While another process sends, there is nothing to show here. */
function obey(sender: Sender | null, ask: Exclude<Ask, { kind: "close" }>): Answers[keyof Answers] {
  switch (ask.kind) {
    case "take":
      sending(sender).take(ask.notices);
      return null;
    case "recall":
      return sending(sender).recall();
    case "adopt":
      sending(sender).adopt(ask.standing);
      return null;
    case "states":
      return sender?.states() ?? [];
    case "figures":
      return sender?.figures() ?? [];
    case "dead":
      return sender?.dead(ask.query) ?? [];
    case "replay":
      return sender?.replay(ask.which) ?? 0;
  }
}

function sending(sender: Sender | null): Sender {
  if (sender === null) throw new Error("another process has it");
  return sender;
}

function answerTo(number: number, act: () => Answers[keyof Answers]): Answer {
  try {
    return { kind: "value", number, value: act() };
  } catch (thrown) {
    const reason = isFull(thrown) ? "limit_exceeded" : "engine_unavailable";
    return { kind: "refused", number, reason, message: `the database of webhooks: ${reasonOf(thrown)}` };
  }
}

function logThrough(tell: (news: ThreadNews) => void): Log {
  const at =
    (level: "info" | "warn" | "error"): Log["info"] =>
    (message, fields = {}) =>
      tell({ kind: "log", level, message, fields });
  return { debug: () => undefined, info: at("info"), warn: at("warn"), error: at("error") };
}

if (parentPort !== null) serve(parentPort, workerData as ThreadOptions);
