// Stands on the wire of a window: what passes can be held back, changed or lost.
import type { Page } from "playwright-core";

export class Wire {
  /** Called with each text the page sends; what it returns goes on, `null`: is held back until `release`. */
  outgoing: (text: string) => string | null = (text) => text;
  /** Nothing the server sends gets through, and nobody is told, as on a half-open connection. */
  isDeaf = false;
  readonly #held: { readonly send: (text: string) => void; readonly text: string }[] = [];

  /** To be called before the page opens its socket. */
  static async of(page: Page): Promise<Wire> {
    const wire = new Wire();
    await page.routeWebSocket(/\/connection\/websocket/, (socket) => {
      const server = socket.connectToServer();
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

  /** Sends what was held back, and from here on everything as it is. */
  release(): void {
    this.outgoing = (text) => text;
    for (const { send, text } of this.#held.splice(0)) send(text);
  }
}
