// The jobs that Harbor orders, as its metrics name them.
import type { JobDefinition } from "@tidewire/protocol";
import { recount } from "../../contract/analytics.ts";
import { judgeRun } from "../../contract/judge.ts";
import { mention } from "../../contract/mention.ts";
import { countSoon, everyMinute } from "../analytics/analytics-jobs.ts";

export const harborJobs: readonly Pick<JobDefinition, "name">[] = [mention, judgeRun, countSoon, everyMinute, recount];
