// What the client asks of the world around it.

import type { Clock, Random } from "./clock.ts";
import type { Page } from "./page.ts";
import type { Report } from "./store.ts";

export interface Ports {
  readonly clock: Clock;
  readonly random: Random;
  readonly page: Page;
  /** Takes what a listener of the application threw. */
  readonly onError: Report;
}
