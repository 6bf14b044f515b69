// Reads the mailbox, and reads again when a mail has come or may have come.
import { useCall, useChannel } from "@tidewire/react";
import { useCallback, useEffect, useReducer, useState } from "react";
import { listMail, mailbox } from "../../../contract/mailbox.ts";
import { sentenceFor } from "../../theme/words-for-errors.ts";
import { mailboxReducer, type MailboxState } from "./mailbox-state.ts";

export interface Mailbox {
  readonly state: MailboxState;
  readonly readAgain: () => void;
  readonly readOlder: () => void;
}

export function useMailbox(): Mailbox {
  const list = useCall(listMail);
  const [state, dispatch] = useReducer(mailboxReducer, { kind: "loading" });
  const [round, setRound] = useState(0);
  const readAgain = useCallback(() => setRound((before) => before + 1), []);
  const news = useChannel(mailbox, { keep: 0, onPublication: readAgain });
  // It is a signal: each time it comes back, something may have been missed.
  const isListening = news.status.kind === "live";
  const oldest = state.kind === "ready" ? state.mails.at(-1)?.place : undefined;
  useEffect(() => {
    if (!isListening) return undefined;
    let isCurrent = true;
    list({}).then(
      (page) => isCurrent && dispatch({ type: "newest", page }),
      (thrown: unknown) => isCurrent && dispatch({ type: "failed", why: sentenceFor(thrown) }),
    );
    return () => {
      isCurrent = false;
    };
  }, [isListening, round, list]);
  const readOlder = useCallback(() => {
    if (oldest === undefined) return;
    list({ before: oldest }).then(
      (page) => dispatch({ type: "older", page }),
      // The button is still there.
      () => undefined,
    );
  }, [list, oldest]);
  return { state, readAgain, readOlder };
}
