// Stands on the wire of a window: what passes can be held back, changed or lost.
import type { Page } from "playwright-core";

export class Wire {
  /** Called with each text the page sends; what it returns goes on, `null`: is held back until `release`. */
  outgoing: (text: string) => string | null = (text) => text;
  /** Nothing the server sends gets through, and nobody is told, as on a half-open connection. */
  isDeaf = false;
  #isRefusing = false;
  readonly #open = new Set<{ readonly end: () => void }>();
  readonly #held: { readonly send: (text: string) => void; readonly text: string }[] = [];

  /** To be called before the page opens its sockets. */
  static async of(page: Page): Promise<Wire> {
    const wire = new Wire();
    await page.routeWebSocket(/\/(connection\/websocket|lab\/line)/, (socket) => {
      if (wire.#isRefusing) {
        socket.close({ code: 1012 }).catch(() => undefined);
        return;
      }
      const server = socket.connectToServer();
      const opened = {
        end: () => {
          Promise.all([socket.close({ code: 1012 }), server.close()]).catch(() => undefined);
        },
      };
      wire.#open.add(opened);
      server.onClose((code) => {
        wire.#open.delete(opened);
        // What was never opened has no code to give, and neither has what broke.
        socket
          .close({ code: code === undefined || code === 1005 || code === 1006 ? 1012 : code })
          .catch(() => undefined);
      });
      socket.onMessage((given) => {
        const text = String(given);
        const changed = wire.outgoing(text);
        if (changed === null) wire.#held.push({ send: (held) => server.send(held), text });
        else server.send(changed);
      });
      server.onMessage((given) => {
        if (!wire.isDeaf) socket.send(given);
      });
    });
    return wire;
  }

  /** Ends every socket of the page. */
  cut(): void {
    for (const { end } of this.#open) end();
    this.#open.clear();
  }

  /** Ends every socket of the page, and those to come as soon as they are open. */
  refuse(): void {
    this.#isRefusing = true;
    this.cut();
  }

  /** Sends what was held back, and from here on everything as it is. */
  release(): void {
    this.outgoing = (text) => text;
    for (const { send, text } of this.#held.splice(0)) send(text);
  }
}
