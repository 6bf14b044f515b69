"use client";
// Hands the client down the tree, and connects it once the tree is on a page.

import type { Client } from "@tidewire/client";
import { createContext, type ReactElement, type ReactNode, useContext, useEffect } from "react";

/** What `TidewireProvider` takes. */
export interface TidewireProviderProps {
  /** Made once, outside of components: it outlives every mount. */
  readonly client: Client;
  readonly children?: ReactNode;
}

const ClientContext = createContext<Client | null>(null);

/**
 * Gives the hooks below it their client, and calls `connect` on mount; rendering on a server opens no socket.
 * It never closes the client: whoever made it does.
 */
export function TidewireProvider({ client, children }: TidewireProviderProps): ReactElement {
  useEffect(() => client.connect(), [client]);
  return <ClientContext value={client}>{children}</ClientContext>;
}

/** The client of the nearest provider. @throws {TypeError} without one. */
export function useClient(): Client {
  const client = useContext(ClientContext);
  if (client === null) throw new TypeError("useClient and the other hooks want a <TidewireProvider> above them");
  return client;
}
