// Echo: what you send comes back, text as text and binary as binary.
import { type Heartbeat, type HeartbeatHost, heartbeatOf } from "../../session/heartbeat.ts";
import type { SessionNode } from "../../session/node.ts";
import type { Connection, Open } from "../connection.ts";

export function echo(node: SessionNode): Open {
  return (connection) => {
    const host = hostOf(connection, () => heartbeat);
    const heartbeat = heartbeatOf(node, host);
    node.metrics.add("opened_echo");
    const hold = (held: boolean): void => {
      host.isHeld = held;
      connection.hold(held);
    };
    const send = (frame: Uint8Array): void => {
      // Whoever does not read its echoes is not read either, so nothing piles up here.
      if (connection.send([frame]) === "open") return heartbeat.left();
      heartbeat.full();
      hold(true);
    };
    return {
      receive: (message, form) => send(connection.framing.wrap(message, form)),
      pong: () => void heartbeat.pong(),
      writable: () => {
        heartbeat.left();
        hold(false);
      },
      closed: () => {
        node.metrics.add("ended_echo");
        heartbeat.stop();
      },
    };
  };
}

function hostOf(connection: Connection, heartbeat: () => Heartbeat): HeartbeatHost & { isHeld: boolean } {
  return {
    traits: { hasPongs: true },
    isHeld: false,
    ping: () => {
      if (connection.send([connection.framing.ping]) === "open") heartbeat().left();
      else heartbeat().full();
    },
    close: () => connection.terminate(),
    link: connection,
  };
}
