// How much text has come through the socket: counted where it comes in, before anybody reads it.
import { type Transport, webSocketTransport } from "@tidewire/client";
import { createContext, useContext } from "react";

export interface Traffic {
  /** Characters received; JSON of our channels is ASCII but for what people write, so nearly bytes. */
  received: number;
}

export const TrafficContext = createContext<Traffic>({ received: 0 });

/** The traffic of the connection, to be read now and then: it renders nothing by itself. */
export function useTraffic(): Traffic {
  return useContext(TrafficContext);
}

/** A WebSocket that adds what it receives to `traffic`. */
export function countingTransport(traffic: Traffic): Transport {
  return {
    open: (url, events) =>
      webSocketTransport.open(url, {
        opened: () => events.opened(),
        received: (text) => {
          traffic.received += text.length;
          events.received(text);
        },
        closed: (code, reason) => events.closed(code, reason),
      }),
  };
}
