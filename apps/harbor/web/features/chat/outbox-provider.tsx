// One outbox for the whole page: what was written in one room goes out while another one is open.
import { useCall, useConnection } from "@tidewire/react";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useSyncExternalStore } from "react";
import { sendMessage } from "../../../contract/chat.ts";
import { useMe } from "../../session/session-provider.tsx";
import { Outbox, type PendingMessage } from "./outbox.ts";

const OutboxContext = createContext<Outbox | null>(null);

export function OutboxProvider({ children }: { readonly children: ReactNode }) {
  const me = useMe();
  const send = useCall(sendMessage);
  const connection = useConnection();
  const outbox = useMemo(() => new Outbox({ send, storage: () => localStorage, owner: me.id }), [send, me.id]);
  const isConnected = connection.kind === "connected";
  useEffect(() => {
    outbox.setConnected(isConnected);
    return () => outbox.close();
  }, [outbox, isConnected]);
  return <OutboxContext value={outbox}>{children}</OutboxContext>;
}

export function useOutbox(): Outbox {
  const outbox = useContext(OutboxContext);
  if (outbox === null) throw new TypeError("useOutbox is used below OutboxProvider");
  return outbox;
}

export function usePending(): readonly PendingMessage[] {
  const outbox = useOutbox();
  return useSyncExternalStore(outbox.subscribe, outbox.getSnapshot);
}
