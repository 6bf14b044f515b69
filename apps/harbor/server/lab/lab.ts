// The connection lab: puts its parts together. It is there in development alone; then each guest may break a line of his
// own, and nobody else's.
import type { Server } from "node:http";
import { fail } from "@tidewire/protocol";
import type { AccessRules, ChannelRuleContext, Log, Tidewire } from "@tidewire/server";
import { labNumbers, lineLog } from "../../contract/lab.ts";
import type { Database } from "../data/schema.ts";
import type { Sessions } from "../session/sessions.ts";
import { handleLab } from "./calls.ts";
import { openLine } from "./line.ts";
import { takeLineUpgrades } from "./line-upgrades.ts";
import { createLines, type Lines } from "./lines.ts";
import { startNumbers } from "./numbers.ts";

export interface LabOptions {
  readonly isDevelopment: boolean;
  /** Whether something starts the process again when the lab kills it. */
  readonly isSupervised: boolean;
  readonly db: Database;
  readonly sessions: Sessions;
  readonly log: Log;
}

export interface Lab {
  /** The rules with those of the lab's channels added. */
  readonly withRules: (rules: AccessRules) => AccessRules;
  /** @param to Where `server` listens, once it does. */
  readonly attach: (tide: Tidewire, server: Server, to: () => { host: string; port: number }) => void;
  readonly stop: () => Promise<void>;
}

export function createLab({ isDevelopment, isSupervised, db, sessions, log }: LabOptions): Lab {
  let lines: Lines | null = null;

  function mayListen({ definition, params, session, user }: ChannelRuleContext): boolean {
    if (user === "" || params["guest"] !== user) return false;
    if (definition.pattern === labNumbers.pattern) lines?.find(user)?.subscribed(session);
    return true;
  }

  return {
    withRules: (rules) => ({
      ...rules,
      subscribe: (context) => {
        if (isOfLab(context)) return mayListen(context);
        return rules.subscribe?.(context) ?? true;
      },
    }),
    attach(tide, server, to) {
      lines = isDevelopment ? createLines({ open: (guest) => open(tide, guest, to()), log }) : null;
      const opened = lines;
      handleLab(tide, {
        db,
        log,
        mayKill: isDevelopment && isSupervised,
        lineOf: async (guest) => (await opened?.of(guest)) ?? fail("not_available", "the lab is there in development"),
      });
      if (opened !== null) takeLineUpgrades(server, opened, sessions);
    },
    stop: async () => await lines?.stop(),
  };

  async function open(tide: Tidewire, guest: string, to: { host: string; port: number }) {
    const numbers = await startNumbers({ guest, db, log, channel: tide.channel(labNumbers, { guest }) });
    const channel = tide.channel(lineLog, { guest });
    return await openLine({ to, numbers, log, tell: (entry) => channel.publish(entry) });
  }
}

function isOfLab({ definition }: ChannelRuleContext): boolean {
  return definition.pattern === labNumbers.pattern || definition.pattern === lineLog.pattern;
}
