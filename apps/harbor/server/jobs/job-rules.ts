// Who may watch a job: whoever ordered it.
import { type Jobs, ownerRule } from "@tidewire/jobs";
import type { AccessRules } from "@tidewire/server";

/** The rules with that of the jobs' channels added. */
export function withJobRules(rules: AccessRules, jobs: Jobs): AccessRules {
  const mayWatch = ownerRule(jobs);
  return { ...rules, subscribe: (context) => mayWatch(context) ?? rules.subscribe?.(context) ?? true };
}
