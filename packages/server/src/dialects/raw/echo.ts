// Echo: what you send comes back, text as text and binary as binary.
import type { Connection, Opened } from "../connection.ts";

export function echo(connection: Connection): Opened {
  return {
    receive: (message, form) => {
      // Whoever does not read its echoes is not read either, so nothing piles up here.
      if (connection.send([connection.framing.wrap(message, form)]) === "full") connection.hold(true);
    },
    pong: () => undefined,
    writable: () => connection.hold(false),
    closed: () => undefined,
  };
}
