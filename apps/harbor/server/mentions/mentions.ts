// Mentions in chat: each becomes a job, ordered in the transaction that keeps the message.
import { type Jobs, relayOutbox } from "@tidewire/jobs";
import type { Log } from "@tidewire/server";
import type { ChatMessage } from "../../contract/chat.ts";
import { mention } from "../../contract/mention.ts";
import { keysIn, mentionsIn } from "../../contract/mentions-in.ts";
import { findNamed } from "../data/guests.ts";
import { jobOutbox, putJob } from "../data/job-outbox.ts";
import type { Database } from "../data/schema.ts";

export interface MentionsOptions {
  readonly db: Database;
  readonly jobs: Jobs;
  /** How long somebody may be away before they are written to: a page that is loaded anew is back by then. */
  readonly awayMs: number;
  readonly log: Log;
}

export interface Mentions {
  /** Orders what a message gives rise to: inside of a transaction, if and only if that commits. */
  readonly order: (transaction: Database, message: ChatMessage) => Promise<void>;
  /** After the transaction. */
  readonly ordered: () => void;
  readonly stop: () => Promise<void>;
}

/** A mail server that is down for an afternoon costs nobody a mail. */
const terms = { attempts: 20, firstDelayMs: 2_000, longestDelayMs: 900_000, timeoutMs: 60_000 };

export function createMentions({ db, jobs, awayMs, log }: MentionsOptions): Mentions {
  const relay = relayOutbox({ jobs, outbox: jobOutbox(db), log });
  return {
    order: async (transaction, { id, author, text }) => {
      const keys = keysIn(text);
      if (keys.length === 0) return;
      const known = await findNamed(transaction, keys);
      const people = new Set(mentionsIn(text, (key) => known.get(key)).map(({ person }) => person));
      for (const person of people) {
        if (person === author.id) continue;
        await putJob(transaction, await jobs.draft(mention, { message: id, person }, { delayMs: awayMs, ...terms }));
      }
    },
    ordered: () => relay.wake(),
    stop: () => relay.stop(),
  };
}
