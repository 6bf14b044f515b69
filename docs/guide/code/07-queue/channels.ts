// The channels, the job and the call, as the server, its workers and its clients know them.
import { defineCall, defineChannel, defineJob } from "@tidewire/protocol";
import { z } from "zod";

export const lobby = defineChannel("lobby", { mode: "signal", presence: true });
export const numbers = defineChannel("feed:numbers", { data: z.number().int(), publishers: "server" });

export const report = defineJob("report", {
  input: z.object({ pages: z.number().int().max(100) }),
  progress: z.object({ page: z.number() }),
  output: z.object({ words: z.number() }),
});
export const orderReport = defineCall("report.order", {
  input: z.object({ pages: z.number() }),
  output: z.object({ id: z.string() }),
});
