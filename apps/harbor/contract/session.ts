// Who somebody is, as the page and the server say it to each other over HTTP.
import { z } from "zod";
import { personName } from "./person.ts";

/** A browser has one cookie jar, so a second guest in it sits on another seat, with a cookie of its own. */
export const seat = z.int().min(1).max(9);

export const enterRequest = z.object({ name: personName });

export const sessionReply = z.object({
  person: z.object({ id: z.string(), name: z.string(), colour: z.int() }).nullable(),
  /** `development` shows what only makes sense on one's own machine. */
  mode: z.enum(["development", "production"]),
});
export type SessionReply = z.infer<typeof sessionReply>;
export type Me = NonNullable<SessionReply["person"]>;
