// The board: of each game the newest value, and the call that corrects one.
import { defineCall, defineChannel } from "@tidewire/protocol";
import { z } from "zod";

const goals = z.number().int().min(0).max(99);
const score = z.object({ home: goals, away: goals });
const game = z.object({ home: z.string(), away: z.string(), minute: z.number(), score });

export type Game = z.infer<typeof game>;
export const games = defineChannel("games", {
  mode: "latest",
  data: game,
  key: ({ home }) => home,
  publishers: "server",
});
export const correct = defineCall("correct", { input: game.pick({ home: true, score: true }) });
