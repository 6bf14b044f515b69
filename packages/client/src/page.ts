// What the page or worker around the client says about network and attention.

import type { Cancel } from "./clock.ts";

export type PageChange = "online" | "offline" | "visible" | "hidden";

export interface Page {
  isOnline(): boolean;
  isVisible(): boolean;
  watch(changed: (change: PageChange) => void): Cancel;
}

/** The page the client runs in; where there is none, always online and always visible. */
export const systemPage: Page = {
  isOnline: () => typeof navigator === "undefined" || (navigator.onLine as boolean | undefined) !== false,
  isVisible: () => typeof document === "undefined" || document.visibilityState === "visible",
  watch(changed) {
    const stop = new AbortController();
    const { signal } = stop;
    if (typeof addEventListener === "function") {
      addEventListener("online", () => changed("online"), { signal });
      addEventListener("offline", () => changed("offline"), { signal });
    }
    if (typeof document !== "undefined") {
      document.addEventListener("visibilitychange", () => changed(systemPage.isVisible() ? "visible" : "hidden"), {
        signal,
      });
    }
    return () => stop.abort();
  },
};
