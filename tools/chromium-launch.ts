// How tests launch Chromium: the one that TIDEWIRE_CHROMIUM names, offline but for what the page itself asks.

export interface ChromiumLaunch {
  readonly executablePath: string;
  readonly chromiumSandbox: boolean;
  readonly args: string[];
}

/** Where Chromium is, or `undefined` where the tests have to do without. */
export const chromiumPath: string | undefined = process.env["TIDEWIRE_CHROMIUM"];

export function chromiumLaunch(executablePath: string): ChromiumLaunch {
  return {
    executablePath,
    // Chromium refuses to sandbox for root.
    chromiumSandbox: process.getuid?.() !== 0,
    args: [
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  };
}
