// Keeps the log of the connection while the page is open.
import type { ConnectionState } from "@tidewire/client";
import { useClient } from "@tidewire/react";
import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from "react";
import { addEntries, happeningsOf, type LogEntry } from "./event-log.ts";

const EntriesContext = createContext<readonly LogEntry[]>([]);

export function EventLogProvider({ children }: { readonly children: ReactNode }) {
  const client = useClient();
  const [entries, setEntries] = useState<readonly LogEntry[]>([]);
  // Outlives the effect: one that is run again has nothing new to tell of the same state.
  const told = useRef<ConnectionState>({ kind: "idle" });
  useEffect(() => {
    const changed = (): void => {
      if (client.state === told.current) return;
      const happenings = happeningsOf(client.state, told.current.kind);
      told.current = client.state;
      const atMs = Date.now();
      if (happenings.length > 0) setEntries((before) => addEntries(before, happenings, atMs));
    };
    changed();
    return client.onState(changed);
  }, [client]);
  return <EntriesContext value={entries}>{children}</EntriesContext>;
}

export function useEventLog(): readonly LogEntry[] {
  return useContext(EntriesContext);
}
