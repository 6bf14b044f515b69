// What the page or worker around the client says about network and attention.

import type { Cancel } from "./clock.ts";

/** What has changed; `hidden` when nobody can see the page. */
export type PageChange = "online" | "offline" | "visible" | "hidden";

/** What the client knows of the page or worker around it: network and attention. Default: the platform's. */
export interface Page {
  isOnline(): boolean;
  isVisible(): boolean;
  watch(changed: (change: PageChange) => void): Cancel;
}

/** The page the client runs in; where there is none, always online and always visible. */
export const systemPage: Page = {
  isOnline: () => globalThis.navigator?.onLine !== false,
  isVisible: () => globalThis.document?.visibilityState !== "hidden",
  watch(changed) {
    const stop = new AbortController();
    const tell = ({ type }: Event): void => {
      const seen = systemPage.isVisible() ? "visible" : "hidden";
      changed(type === "visibilitychange" ? seen : (type as PageChange));
    };
    // A change of visibility bubbles from the document up to the window.
    for (const type of ["online", "offline", "visibilitychange"]) {
      globalThis.addEventListener?.(type, tell, { signal: stop.signal });
    }
    return () => stop.abort();
  },
};
