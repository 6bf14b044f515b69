// Echo: what you send comes back, text as text and binary as binary.
import { type Heartbeat, type HeartbeatHost, heartbeatOf } from "../../session/heartbeat.ts";
import type { SessionNode } from "../../session/node.ts";
import type { Connection, Open } from "../connection.ts";
import { endOf } from "../ends.ts";

export function echo(node: SessionNode): Open {
  return (connection) => {
    const host = hostOf(node, connection, () => heartbeat);
    const heartbeat = heartbeatOf(node, host);
    node.metrics.add("opened_echo");
    const hold = (held: boolean): void => {
      host.isUnread = held;
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
      closed: (code) => {
        node.metrics.add("ended_echo");
        if (!host.isEnded) node.metrics.add(`closed_${endOf(code)}`);
        heartbeat.stop();
      },
    };
  };
}

interface EchoHost extends HeartbeatHost {
  /** Whether it is to read its echoes first. */
  isUnread: boolean;
  /** Whether the server has ended it. */
  isEnded: boolean;
}

function hostOf({ metrics }: SessionNode, connection: Connection, heartbeat: () => Heartbeat): EchoHost {
  const host: EchoHost = {
    isEnded: false,
    traits: { hasPongs: true },
    isUnread: false,
    get isHeld() {
      return host.isUnread || connection.isLate === true;
    },
    ping: () => {
      if (connection.send([connection.framing.ping]) === "open") heartbeat().left();
      else heartbeat().full();
    },
    close: (reason) => {
      metrics.add(`closed_${reason}`);
      host.isEnded = true;
      connection.terminate();
    },
    link: connection,
  };
  return host;
}
