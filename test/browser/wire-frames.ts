// What really passes on a page's socket, told by the browser itself and not by the page.
import type { CDPSession, Page } from "playwright-core";

/** One line of the protocol, on its way in one direction. */
export interface WireLine {
  readonly direction: "sent" | "received";
  /** Seconds on the browser's clock. */
  readonly atS: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

interface FrameEvent {
  readonly timestamp: number;
  readonly response: { readonly payloadData: string };
}

/** Every line on every socket of a page, from when it was made. */
export class WireFrames {
  readonly lines: WireLine[] = [];
  readonly #waiting = new Set<() => void>();

  static async of(page: Page): Promise<WireFrames> {
    const session: CDPSession = await page.context().newCDPSession(page);
    const frames = new WireFrames();
    session.on("Network.webSocketFrameSent", (event) => frames.#add("sent", event));
    session.on("Network.webSocketFrameReceived", (event) => frames.#add("received", event));
    await session.send("Network.enable");
    return frames;
  }

  /** Resolves with the first line that is so, of those there and those to come. */
  async first(isSo: (line: WireLine) => boolean): Promise<WireLine> {
    for (;;) {
      const found = this.lines.find(isSo);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => void this.#waiting.add(resolve));
    }
  }

  /** Resolves with the answer to the first command that is so. */
  async answerTo(isSo: (fields: WireLine["fields"]) => boolean): Promise<WireLine> {
    const asked = await this.first(({ direction, fields }) => direction === "sent" && isSo(fields));
    return await this.first(({ direction, fields }) => direction === "received" && fields["id"] === asked.fields["id"]);
  }

  #add(direction: WireLine["direction"], { timestamp, response }: FrameEvent): void {
    for (const text of response.payloadData.split("\n").filter((line) => line !== "")) {
      this.lines.push({ direction, atS: timestamp, fields: JSON.parse(text) as WireLine["fields"] });
    }
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** The field at the end of a path of names. */
export function at(value: unknown, ...names: readonly string[]): unknown {
  let found: unknown = value;
  for (const name of names) found = (found as Readonly<Record<string, unknown>> | undefined)?.[name];
  return found;
}
