// Who somebody is, as the page and the server say it to each other over HTTP.
import { z } from "zod";
import { personName } from "./person.ts";

export const enterRequest = z.object({ name: personName });

export const sessionReply = z.object({
  person: z.object({ id: z.string(), name: z.string(), colour: z.int() }).nullable(),
  /** `development` shows what only makes sense on one's own machine. */
  mode: z.enum(["development", "production"]),
});
export type SessionReply = z.infer<typeof sessionReply>;
export type Me = NonNullable<SessionReply["person"]>;
