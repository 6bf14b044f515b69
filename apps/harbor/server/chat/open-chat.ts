// Chat as a whole on a running Tidewire: its calls, what brings messages into the channels, and what mentions give rise to.
import type { Jobs } from "@tidewire/jobs";
import type { Log, Tidewire } from "@tidewire/server";
import type { Config } from "../config.ts";
import type { Database } from "../data/schema.ts";
import { createMentions } from "../mentions/mentions.ts";
import { handleChat, handleRooms } from "./calls.ts";
import { createPublisher } from "./publisher.ts";
import { roomChannels } from "./room-channels.ts";

export interface ChatOptions {
  readonly config: Config;
  readonly db: Database;
  readonly jobs: Jobs;
  readonly log: Log;
  /** Hears that something was said. */
  readonly moved: () => void;
}

export interface Chat {
  readonly recover: (ageMs?: number) => Promise<void>;
  /** Resolves when nothing of it is on its way any more. */
  stop(): Promise<void>;
}

/**
 * Away for so long, and written to: longer than it takes to notice a connection that ended without a word (25 s between pings
 * and 10 s for an answer), and on one's own machine longer than it takes to load a page anew.
 */
const awayMs = { development: 2_000, production: 60_000 };

export function openChat(tide: Tidewire, { config, db, jobs, log, moved }: ChatOptions): Chat {
  const channels = roomChannels(tide, log, moved);
  const publisher = createPublisher(db, channels, log);
  const mentions = config.mail.kind === "none" ? null : createMentions({ db, jobs, awayMs: awayMs[config.mode], log });
  handleChat(tide, { db, publisher, mentions });
  handleRooms(tide, db, publisher);
  return {
    recover: (ageMs) => publisher.recover(ageMs),
    async stop() {
      publisher.stop();
      await publisher.idle();
      channels.stop();
      await mentions?.stop();
    },
  };
}
