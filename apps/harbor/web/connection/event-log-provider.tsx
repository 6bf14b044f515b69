// Keeps the log of the connection while the page is open.
import { useClient } from "@tidewire/react";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { addEntries, type Happening, happeningsOf, type LogEntry } from "./event-log.ts";

interface EventLog {
  readonly entries: readonly LogEntry[];
  readonly note: (happening: Happening) => void;
}

const EntriesContext = createContext<readonly LogEntry[]>([]);
const NoteContext = createContext<EventLog["note"] | null>(null);

export function EventLogProvider({ children }: { readonly children: ReactNode }) {
  const client = useClient();
  const [entries, setEntries] = useState<readonly LogEntry[]>([]);
  const note = useCallback((happening: Happening) => {
    const atMs = Date.now();
    setEntries((before) => addEntries(before, [happening], atMs));
  }, []);
  useEffect(() => {
    let before = client.state.kind;
    const changed = (): void => {
      const happenings = happeningsOf(client.state, before);
      before = client.state.kind;
      const atMs = Date.now();
      if (happenings.length > 0) setEntries((before) => addEntries(before, happenings, atMs));
    };
    changed();
    return client.onState(changed);
  }, [client]);
  return (
    <NoteContext value={note}>
      <EntriesContext value={entries}>{children}</EntriesContext>
    </NoteContext>
  );
}

export function useEventLog(): EventLog {
  const entries = useContext(EntriesContext);
  const note = useNote();
  return useMemo(() => ({ entries, note }), [entries, note]);
}

/** Writes into the log without reading it, and so without being drawn again for each entry. */
export function useNote(): EventLog["note"] {
  const note = useContext(NoteContext);
  if (note === null) throw new TypeError("useNote is used below EventLogProvider");
  return note;
}
