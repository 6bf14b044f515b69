// Who may connect, subscribe, publish and call in Harbor.
import { fail } from "@tidewire/protocol";
import type { AccessRules, ChannelRuleContext, Mode } from "@tidewire/server";

import { chat, typing } from "../contract/chat.ts";
import { lobby, open } from "tidewire/host";
import { numbers } from "../contract/feed.ts";
import { mailbox } from "../contract/mailbox.ts";
import { market, venue } from "../contract/market.ts";
import { here } from "../contract/mention.ts";
import { colourOf } from "../contract/person.ts";
import { roomExists } from "./data/rooms.ts";
import type { Database } from "./data/schema.ts";
import { isOwnPage } from "./http/own-page.ts";
import type { Sessions } from "./session/sessions.ts";

/** Channels for those who have not said their name; the open ones only where everything is somebody's own machine. */
const withoutName: Readonly<Record<Mode, readonly string[]>> = {
  development: [numbers.pattern, lobby.pattern, open.pattern],
  production: [numbers.pattern],
};

export function accessRules(db: Database, sessions: Sessions, mode: Mode): AccessRules {
  function mayUse(context: ChannelRuleContext): boolean {
    return context.user !== "" || withoutName[mode].includes(context.definition.pattern);
  }

  async function mayUseRoom(context: ChannelRuleContext): Promise<boolean> {
    if (context.user === "") return false;
    const { room } = context.params;
    if (room === undefined || !(await roomExists(db, room))) fail("unknown_channel", "there is no such room");
    return true;
  }

  /** Each would have a source of its own. */
  function mayTrade(context: ChannelRuleContext): boolean {
    if (context.params["venue"] !== venue) fail("unknown_channel", `expected the venue "${venue}"`);
    return mayUse(context);
  }

  function maySubscribe(context: ChannelRuleContext): boolean | Promise<boolean> {
    const { definition, params, user } = context;
    if (definition.pattern === market.pattern) return mayTrade(context);
    // Who is here is for those who write to whoever is not.
    if (definition.pattern === here.pattern) return user !== "" && params["person"] === user;
    if (definition.pattern === mailbox.pattern) return user !== "" && mode === "development";
    return isOfRoom(context) ? mayUseRoom(context) : mayUse(context);
  }

  function isOfRoom(context: ChannelRuleContext): boolean {
    return context.definition.pattern === chat.pattern || context.definition.pattern === typing.pattern;
  }

  return {
    async connect(request) {
      // A page of another origin gets nobody's cookie, even where development lets it connect.
      const guest = isOwnPage(request.headers) ? await sessions.guestOf(request) : null;
      if (guest === null) return { user: "" };
      return {
        user: guest.id,
        info: { name: guest.name, colour: colourOf(guest.id) },
        subscriptions: [here.name({ person: guest.id })],
      };
    },
    subscribe: maySubscribe,
    publish: (context) => (isOfRoom(context) ? mayUseRoom(context) : mayUse(context)),
    call: (context) => context.user !== "",
  };
}
