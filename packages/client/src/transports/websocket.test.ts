// Transports: the end is told once, whatever the platform makes of a socket that cannot be opened.
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Transport } from "../transport.ts";
import { binaryTransport } from "./binary-websocket.ts";
import { webSocketTransport } from "./websocket.ts";

type Told = ((event: object) => void) | null;

/** A platform's WebSocket, which does what the test says. */
class Platform {
  readonly CONNECTING = 0;
  readyState = 0;
  onopen: Told = null;
  onmessage: Told = null;
  onclose: Told = null;
  onerror: Told = null;
  static last: Platform;
  constructor() {
    Platform.last = this;
  }
  close(): void {}
}

afterEach(() => void vi.unstubAllGlobals());

function opened(transport: Transport): { readonly ends: string[]; readonly platform: Platform; close: () => void } {
  vi.stubGlobal("WebSocket", Platform);
  const ends: string[] = [];
  const connection = transport.open("ws://localhost:1", {
    opened: () => undefined,
    received: () => undefined,
    closed: (code, reason) => ends.push(`${code} ${reason}`),
  });
  return { ends, platform: Platform.last, close: () => connection.close(1000, "") };
}

describe.each([
  ["text", webSocketTransport],
  ["binary", binaryTransport],
] as const)("%s", (_, transport) => {
  test("ends with its close event, where the error comes before it", () => {
    const { ends, platform } = opened(transport);
    platform.readyState = 3;
    platform.onerror?.({});
    expect(ends).toEqual([]);
    platform.onclose?.({ code: 1006, reason: "why" });
    expect(ends).toEqual(["1006 why"]);
  });

  test("ends with the error where it is connecting still, as on Node 22, which says nothing more", () => {
    const { ends, platform } = opened(transport);
    platform.onerror?.({});
    platform.onclose?.({ code: 1006, reason: "" });
    expect(ends).toEqual(["1006 "]);
  });

  test("tells nothing of what was closed here", () => {
    const { ends, platform, close } = opened(transport);
    close();
    platform.onerror?.({});
    platform.onclose?.({ code: 1000, reason: "" });
    expect(ends).toEqual([]);
  });
});
