// Keeps a client connected while a component is there.
import type { Client } from "@tidewire/client";
import { useEffect, useRef } from "react";

/**
 * Connects when the component comes and closes when it has gone for good. React's StrictMode takes a component off and
 * puts it back in the same breath; that must not end a connection.
 */
export function useOpenClient(client: Client, isWanted = true): void {
  const closing = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => {
    if (closing.current !== null) clearTimeout(closing.current);
    closing.current = null;
    if (!isWanted) return undefined;
    client.connect();
    return () => {
      closing.current = setTimeout(() => client.close());
    };
  }, [client, isWanted]);
}
