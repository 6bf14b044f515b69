// What a tab and the worker that connects for it say to each other, beside the frames of the protocol.

import type { ChannelMode } from "@tidewire/protocol";

/** What a connection is made of. Tabs that say the same share one. */
export interface LineOptions {
  /** Absolute: a worker has another address than its pages. */
  readonly url: string;
  readonly name: string;
  readonly data: unknown;
  /** Whether there are tokens, to be asked of tabs. */
  readonly hasToken: boolean;
  /** What tabs must have in common beside the address, such as the user. */
  readonly group: string;
}

export type FromTab =
  /** Wants a connection; `link` counts those of a tab, so that what belongs to an earlier one can tell. */
  | { readonly kind: "open"; readonly link: number; readonly line: LineOptions; readonly lock: string | null }
  | { readonly kind: "frame"; readonly link: number; readonly text: string }
  /** So many characters of frames were taken in. */
  | { readonly kind: "taken"; readonly link: number; readonly characters: number }
  | { readonly kind: "close"; readonly link: number }
  /** Of which kind a channel is, which no command says. */
  | { readonly kind: "mode"; readonly channel: string; readonly mode: ChannelMode }
  | { readonly kind: "token"; readonly id: number; readonly token: string }
  | {
      readonly kind: "no token";
      readonly id: number;
      readonly code: number;
      readonly message: string;
      readonly temporary: boolean;
    }
  /** Somebody wants the next attempt now. */
  | { readonly kind: "retry" }
  /** Wants no connection any more, or is gone. */
  | { readonly kind: "leave" }
  /** The answer to `alive`. */
  | { readonly kind: "alive" };

export type ToTab =
  | { readonly kind: "opened"; readonly link: number }
  | { readonly kind: "frame"; readonly link: number; readonly text: string }
  | { readonly kind: "closed"; readonly link: number; readonly code: number; readonly reason: string }
  | { readonly kind: "token"; readonly id: number }
  /** There is a connection: whoever waits may come. */
  | { readonly kind: "up" }
  /** To be answered by who has no lock to show that it lives. */
  | { readonly kind: "alive" };

/** One end of a `MessageChannel`. */
export interface Port<Out> {
  postMessage(message: Out): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

/** What a `SharedWorker` is to a tab. */
export interface TabsWorker {
  readonly port: Port<unknown>;
  onerror: ((event: never) => void) | null;
}
