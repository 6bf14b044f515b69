"use client";
// The state of the connection, for a component.

import type { ConnectionState } from "@tidewire/client";
import { useSyncExternalStore } from "react";
import { useClient } from "./provider.tsx";

/** Where the connection stands; renders again when it changes. */
export function useConnection(): ConnectionState {
  const client = useClient();
  return useSyncExternalStore(client.subscribe, client.getSnapshot, client.getSnapshot);
}
