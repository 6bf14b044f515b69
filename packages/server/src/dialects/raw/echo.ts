// Echo: what you send comes back, text as text and binary as binary.
import { Heartbeat } from "../../session/heartbeat.ts";
import type { SessionNode } from "../../session/node.ts";
import type { Connection, Open } from "../connection.ts";

export function echo(node: SessionNode): Open {
  return (connection) => {
    let isHeld = false;
    const heartbeat = heartbeatOf(node, connection, () => isHeld);
    const hold = (held: boolean): void => {
      isHeld = held;
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
      closed: () => heartbeat.stop(),
    };
  };
}

function heartbeatOf(
  { hub, clock, random, limits }: SessionNode,
  connection: Connection,
  isHeld: () => boolean,
): Heartbeat {
  const heartbeat: Heartbeat = new Heartbeat({
    clock,
    wheel: hub.wheel,
    pingIntervalMs: limits.pingIntervalMs,
    pongTimeoutMs: limits.pongTimeoutMs,
    stalledMs: limits.stalledMs,
    firstPingMs: limits.pingIntervalMs * (0.5 + random.fraction() / 2),
    ping: () => {
      if (connection.send([connection.framing.ping]) === "open") heartbeat.left();
      else heartbeat.full();
    },
    close: () => connection.terminate(),
    traffic: () => connection.traffic(),
    hasPongs: true,
    isHeld,
  });
  return heartbeat;
}
