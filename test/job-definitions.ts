// The job that the tests of jobs order on one side and do on the other.
import { defineCall, defineJob } from "@tidewire/protocol";
import { z } from "zod";

export const report = defineJob("report", {
  input: z.object({ pages: z.number().int().max(100) }),
  progress: z.object({ page: z.number() }),
  output: z.object({ words: z.number() }),
});

export const orderReport = defineCall("report.order", {
  input: z.object({ pages: z.number() }),
  output: z.object({ id: z.string() }),
});
