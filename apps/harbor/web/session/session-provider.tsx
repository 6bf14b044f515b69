// Who this page is, for everything below it.
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import type { Me, SessionReply } from "../../contract/session.ts";
import { sentenceFor } from "../theme/words-for-errors.ts";
import { enter, fetchSession, leave } from "./session-api.ts";

export type SessionState =
  | { readonly kind: "asking" }
  | { readonly kind: "failed"; readonly why: string }
  | { readonly kind: "known"; readonly me: Me | null; readonly mode: SessionReply["mode"] };

interface Session {
  readonly state: SessionState;
  readonly askAgain: () => void;
  readonly enter: (name: string) => Promise<void>;
  readonly leave: () => Promise<void>;
}

const SessionContext = createContext<Session | null>(null);

export function SessionProvider({ children }: { readonly children: ReactNode }) {
  const [state, setState] = useState<SessionState>({ kind: "asking" });
  const [round, setRound] = useState(0);

  useEffect(() => {
    let isCurrent = true;
    fetchSession().then(
      (reply) => isCurrent && setState(known(reply)),
      (thrown: unknown) => isCurrent && setState({ kind: "failed", why: sentenceFor(thrown) }),
    );
    return () => {
      isCurrent = false;
    };
  }, [round]);

  const askAgain = useCallback(() => {
    setState({ kind: "asking" });
    setRound((before) => before + 1);
  }, []);
  const session = useMemo<Session>(
    () => ({
      state,
      askAgain,
      enter: async (name) => setState(known(await enter(name))),
      leave: async () => setState(known(await leave())),
    }),
    [state, askAgain],
  );
  return <SessionContext value={session}>{children}</SessionContext>;
}

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new TypeError("useSession is used below SessionProvider");
  return session;
}

/** Who I am, below the entrance. */
export function useMe(): Me {
  const { state } = useSession();
  if (state.kind !== "known" || state.me === null) throw new TypeError("useMe is used by those who have come in");
  return state.me;
}

export function useIsDevelopment(): boolean {
  const { state } = useSession();
  return state.kind === "known" && state.mode === "development";
}

function known(reply: SessionReply): SessionState {
  return { kind: "known", me: reply.person, mode: reply.mode };
}
