// Mentions: the channel that tells whether somebody is here, and the job that writes to whoever was mentioned and is not.
import { defineChannel, defineJob } from "@tidewire/protocol";
import { z } from "zod";

/** Where somebody is: the server makes each connection of theirs a member. Nothing is ever said there. */
export const here = defineChannel("here:{person}", {
  mode: "signal",
  presence: true,
  publishers: "server",
});

/** A person, by a message that mentions them. What they are written is read when it is their turn. */
export const mention = defineJob("mention", {
  input: z.object({ message: z.string().min(1).max(64), person: z.string().min(1).max(64) }),
  output: z.object({
    /** `here`, `read`: they know already. `gone`: the message or the person is no more. `enough`: they got many just now. */
    outcome: z.enum(["sent", "here", "read", "gone", "enough"]),
  }),
});
