// The connection of one person: it begins when somebody is known, and ends when somebody else is.
import { createClient } from "@tidewire/client";
import { TidewireProvider } from "@tidewire/react";
import { type ReactNode, useState } from "react";
import { forSeat } from "../session/seat.ts";
import { EventLogProvider } from "./event-log-provider.tsx";
import { KeptProvider } from "./kept.tsx";
import { countingTransport, type Traffic, TrafficContext } from "./traffic.ts";
import { useOpenClient } from "./use-open-client.ts";

/** Give it the person as its key: the cookie is read when the socket opens, so another person needs another one. */
export function Connected({ children }: { readonly children: ReactNode }) {
  const [traffic] = useState<Traffic>(() => ({ received: 0 }));
  const [client] = useState(() =>
    createClient({
      url: forSeat("/connection/websocket"),
      name: "harbor",
      transport: countingTransport(traffic),
    }),
  );
  useOpenClient(client);
  return (
    <TidewireProvider client={client}>
      <TrafficContext value={traffic}>
        <KeptProvider>
          <EventLogProvider>{children}</EventLogProvider>
        </KeptProvider>
      </TrafficContext>
    </TidewireProvider>
  );
}
