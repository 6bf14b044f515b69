// The market: simulated quotes of many symbols, each with its newest value alone.
import { defineChannel } from "@tidewire/protocol";
import { z } from "zod";

/** The one venue there is. */
export const venue = "harbor";

export const quote = z.object({
  symbol: z.string().min(1).max(8),
  /** In the venue's currency, to the hundredth. */
  price: z.number().positive(),
  /** Percent since the venue opened, to the hundredth. */
  change: z.number(),
  /** Shares traded since the venue opened. */
  volume: z.int().min(0),
});

export type Quote = z.infer<typeof quote>;

/** Offsets count every quote that was published, so they say how many were passed over. */
export const market = defineChannel("market:{venue}", {
  mode: "latest",
  data: quote,
  key: ({ symbol }) => symbol,
  publishers: "server",
});

/** How often a second a page may ask for new quotes, slowest first. */
export const rates = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60] as const;
