// Many records of a channel's log at once, from whichever replica answers: it may be behind the stream's leader.
import type { Cancel, Clock } from "../../ports/clock.ts";
import { type LogRecord, recordIn } from "./log-records.ts";
import type { NatsManager, NatsStoredMessage } from "./nats-client.ts";

export interface Found {
  readonly sequence: number;
  readonly record: LogRecord | null;
}

export interface RecordsOf {
  readonly manager: NatsManager;
  readonly clock: Clock;
  readonly stream: string;
  readonly subject: string;
}

/** NATS writes no more than so much for one question, however slowly it is read. */
const most = { batch: 500, max_bytes: 4 * 1_024 * 1_024 } as const;
/** A replica that hangs answers nothing. What came before is in order and has no hole. */
const patienceMs = 1_000;

/** The records from a sequence on. None where there are none, and where nobody answers: then the leader has to be asked. */
export async function batchFrom(
  { manager, clock, stream, subject }: RecordsOf,
  from: number,
): Promise<readonly Found[]> {
  const found: Found[] = [];
  let isOver = false;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  let cancel: Cancel = () => undefined;
  const waitOn = (heard: number): void => {
    cancel = clock.after(patienceMs, () => (found.length > heard ? waitOn(found.length) : end()));
  };
  waitOn(0);
  const callback = (done: unknown, message: NatsStoredMessage): void => {
    if (isOver || done !== null || message.subject !== subject) return end();
    found.push({ sequence: message.seq, record: recordIn(message.data) });
  };
  const asked = await manager.direct.getBatch(stream, { seq: from, next_by_subj: subject, ...most, callback });
  await ended;
  cancel();
  isOver = true;
  asked.stop();
  return found;
}

/** The first record from a sequence on, as the stream's leader knows it. */
export async function recordFrom({ manager, stream, subject }: RecordsOf, from: number): Promise<Found | null> {
  const message = await manager.streams.getMessage(stream, { seq: from, next_by_subj: subject });
  return message === null ? null : { sequence: message.seq, record: recordIn(message.data) };
}
