// What the page and the server of the payments say to each other.
import { defineCall, defineChannel } from "@tidewire/protocol";
import { z } from "zod";

const account = z.string().regex(/^[0-9a-f]{12}$/);
const name = z.string().trim().min(1).max(40);
/** Money is whole cents. */
const cents = z.int().min(1).max(100_000_00);

/** One side of a transfer, as the person on that side is told it. */
export const notice = z.object({
  /** The transfer's. */
  id: z.string(),
  kind: z.enum(["received", "sent"]),
  /** Whoever is on the other side. */
  other: z.string(),
  cents,
  atMs: z.int(),
});
export type Notice = z.infer<typeof notice>;

export const person = z.object({ account, name });
export type Person = z.infer<typeof person>;

const minute = z.object({ atMs: z.int(), transfers: z.int(), cents: z.int() });
const sums = z.object({ transfers: z.int(), cents: z.int(), minutes: z.array(minute) });
export type Sums = z.infer<typeof sums>;

/** Notices that an account's history keeps; whoever tells one again looks there first. */
export const noticesKept = 300;
export const notices = defineChannel("notices:{account}", {
  data: notice,
  history: { size: noticesKept, ttlMs: 30 * 86_400_000 },
  publishers: "server",
});
export const people = defineChannel("people", {
  mode: "latest",
  data: person,
  key: ({ account: id }) => id,
  publishers: "server",
});
/** What all have transferred: in all, and in each of the newest minutes. */
export const totals = defineChannel("totals", {
  mode: "latest",
  data: sums,
  key: () => "sums",
  publishers: "server",
});

export const openAccount = defineCall("account.open", { input: z.object({ name }) });
export const readAccount = defineCall("account.read", {
  output: z.object({ name: z.string(), cents: z.int() }).nullable(),
});
/** `id` is made by whoever pays, new for each transfer: asked again with the same one, it is the same transfer. */
export const transfer = defineCall("transfer", { input: z.object({ id: z.uuid(), to: account, cents }) });
