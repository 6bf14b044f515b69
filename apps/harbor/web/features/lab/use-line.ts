// Opens the line and listens to both of its ends: to the numbers on it, and to the server's account of it.
import { useCall, useChannel, useConnection } from "@tidewire/react";
import { useEffect, useRef, useState } from "react";
import { labNumbers, lineLog, listNumbers, openLine } from "../../../contract/lab.ts";
import { useOpenClient } from "../../connection/use-open-client.ts";
import { useMe } from "../../session/session-provider.tsx";
import { sentenceFor } from "../../theme/words-for-errors.ts";
import { useLab } from "./lab-provider.tsx";
import { listWanted } from "./lab-state.ts";

export type LineState =
  | { readonly kind: "opening" }
  | { readonly kind: "open"; readonly mayKill: boolean }
  /** Why the server does not open one. */
  | { readonly kind: "refused"; readonly why: string };

const listEveryMs = 1_000;

export function useLine(): LineState {
  const { line } = useLab();
  const state = useServersEnd();
  useOurEnd();
  // Not before the server's account is listened to: it begins with the first connection.
  useOpenClient(line, state.kind === "open");
  useServersList();
  return state;
}

/** The account comes over the ordinary connection, which no fault of the line touches. */
function useServersEnd(): LineState {
  const { dispatch } = useLab();
  const me = useMe();
  const open = useCall(openLine);
  const [state, setState] = useState<LineState>({ kind: "opening" });
  const { status } = useChannel(
    lineLog,
    { guest: me.id },
    { keep: 0, onPublication: ({ data }) => dispatch({ type: "server", entry: data, atMs: Date.now() }) },
  );
  const isListening = status.kind === "live";
  useEffect(() => {
    if (!isListening) return undefined;
    let isCurrent = true;
    // Again after each reconnect: it may be another process that knows nothing of a line.
    open({}).then(
      ({ active, mayKill }) => {
        if (!isCurrent) return;
        dispatch({ type: "active", active });
        setState({ kind: "open", mayKill });
      },
      (thrown: unknown) => {
        if (isCurrent)
          setState((before) => (before.kind === "open" ? before : { kind: "refused", why: sentenceFor(thrown) }));
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [isListening, open, dispatch]);
  return state;
}

function useOurEnd(): void {
  const { line, dispatch } = useLab();
  const me = useMe();
  useEffect(() => {
    const isNew = line.state.kind === "idle" || line.state.kind === "closed";
    if (isNew) dispatch({ type: "begin" });
    const channel = line.channel(labNumbers, { guest: me.id });
    const stops = [
      line.onState((state) => dispatch({ type: "connection", state, atMs: Date.now() })),
      channel.onState((status) => dispatch({ type: "channel", status, atMs: Date.now() })),
      channel.onGap(() => dispatch({ type: "gap" })),
      channel.onPublication(({ data }) => dispatch({ type: "came", ...data, atMs: Date.now() })),
      channel.open(),
    ];
    return () => stops.forEach((stop) => stop());
  }, [line, me.id, dispatch]);
}

/** Reads on in the server's list, once a second; what is read is compared with what came. */
function useServersList(): void {
  const { lab, dispatch } = useLab();
  const isConnected = useConnection().kind === "connected";
  const read = useCall(listNumbers);
  const wanted = useRef<number | null>(null);
  useEffect(() => {
    wanted.current = listWanted(lab.check);
  });
  useEffect(() => {
    if (!isConnected) return undefined;
    let isReading = false;
    const timer = setInterval(() => {
      const from = wanted.current;
      if (from === null || isReading) return;
      isReading = true;
      read({ from })
        .then(
          ({ numbers }) => dispatch({ type: "listed", from, numbers }),
          // It is asked again in a second.
          () => undefined,
        )
        .finally(() => {
          isReading = false;
        });
    }, listEveryMs);
    return () => clearInterval(timer);
  }, [isConnected, read, dispatch]);
}
