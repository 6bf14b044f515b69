// What a node of the torture is started with.
import type { StoreAddress } from "./stores.ts";

export interface NodeOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly store: StoreAddress;
}

/** Of the server API, which answers to nobody outside of the torture. */
export const apiKey = "torture-0123456789abcdef";
/** Publications of one page of history. */
export const historyPage = 2_000;
