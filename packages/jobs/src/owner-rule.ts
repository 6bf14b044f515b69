// The rule that shows a job to its owner and to nobody else.
import { fail, jobChannel } from "@tidewire/protocol";
import type { Jobs } from "./jobs.ts";

/**
 * A `subscribe` rule for `jobChannel`: lets in the user who owns the job. `null` for other channels, which are not its
 * business. Guests without a name own nothing.
 * @throws {TidewireError} `engine_unavailable` where the store is away: the client asks again.
 */
export function ownerRule(
  jobs: Jobs,
): (context: { readonly channel: string; readonly user: string }) => Promise<boolean> | null {
  return ({ channel, user }) => {
    const params = jobChannel.match(channel);
    return params === null ? null : isOwner(jobs, params.id, user);
  };
}

async function isOwner(jobs: Jobs, id: string, user: string): Promise<boolean> {
  if (user === "") return false;
  const job = await jobs.find(id);
  // As for a job that nobody has: ids of others are not confirmed.
  return job?.owner === user || fail("denied", "only its owner may watch a job");
}
