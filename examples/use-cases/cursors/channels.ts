// A board that people point at: where each points now, and who they are.
import { defineChannel } from "@tidewire/protocol";
import { z } from "zod";

const part = z.number().min(0).max(1);
export const person = z.object({ name: z.string().trim().min(1).max(20), hue: z.number().int().min(0).max(359) });
export const board = defineChannel("board:{name}", {
  mode: "signal",
  data: z.object({ x: part, y: part }),
  presence: person,
});
