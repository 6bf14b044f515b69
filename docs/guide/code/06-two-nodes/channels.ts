// The channels, as the server and its clients know them.
import { defineChannel } from "@tidewire/protocol";
import { z } from "zod";

export const lobby = defineChannel("lobby", { mode: "signal", presence: true });
export const numbers = defineChannel("feed:numbers", { data: z.number().int(), publishers: "server" });
