// The connection of one person: it begins when somebody is known, and ends when somebody else is.
import { createClient } from "@tidewire/client";
import { TidewireProvider } from "@tidewire/react";
import { type ReactNode, useState } from "react";
import { forSeat } from "../session/seat.ts";
import { EventLogProvider } from "./event-log-provider.tsx";
import { KeptProvider } from "./kept.tsx";
import { useOpenClient } from "./use-open-client.ts";

/** Give it the person as its key: the cookie is read when the socket opens, so another person needs another one. */
export function Connected({ children }: { readonly children: ReactNode }) {
  const [client] = useState(() => createClient({ url: forSeat("/connection/websocket"), name: "harbor" }));
  useOpenClient(client);
  return (
    <TidewireProvider client={client}>
      <KeptProvider>
        <EventLogProvider>{children}</EventLogProvider>
      </KeptProvider>
    </TidewireProvider>
  );
}
