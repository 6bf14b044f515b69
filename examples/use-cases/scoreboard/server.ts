// A board of games that go on by themselves, and an operator who may correct each.
import type { Server } from "node:http";
import { fail } from "@tidewire/protocol";
import { createTidewire, type Tidewire } from "@tidewire/server";
import type { Place } from "../place.ts";
import { correct, type Game, games } from "./channels.ts";

const fixtures = ["Bergen Oslo", "Turku Espoo", "Malmö Lund", "Aarhus Odense", "Tartu Narva", "Riga Liepaja"];
const tickMs = 500;

export function serve(server: Server, { isStaff }: Place): Tidewire {
  const connect = ({ token }: { readonly token: string }) => ({ user: "", meta: isStaff(token) });
  const tide = createTidewire({ channels: [games], access: { connect } });
  const known = new Map<string, Game>();
  // Kept and published in one go: what is newest here is newest for everybody.
  const show = async (game: Game): Promise<void> => {
    known.set(game.home, game);
    await tide.channel(games).publish(game);
  };
  const corrected = new Set<string>();
  tide.handle(correct, async ({ home, score }, { meta }) => {
    if (meta !== true) fail("denied");
    corrected.add(home);
    await show({ ...(known.get(home) ?? fail("bad_request", `there is no game of ${home}`)), score });
  });

  const luck = (goals: number): number => goals + (Math.random() < 0.02 && goals < 99 ? 1 : 0);
  const play = ({ minute, score: { home, away }, ...game }: Game): Game =>
    minute < 90
      ? {
          ...game,
          minute: minute + 1,
          score: corrected.has(game.home) ? { home, away } : { home: luck(home), away: luck(away) },
        }
      : { ...game, minute: 0, score: { home: 0, away: 0 } };
  for (const [index, fixture] of fixtures.entries()) {
    const [home = "", away = ""] = fixture.split(" ");
    known.set(home, { home, away, minute: index * 7, score: { home: index % 3, away: index % 2 } });
  }
  setInterval(() => {
    // The one that has waited longest is the first.
    const [game] = known.values();
    if (game !== undefined && known.delete(game.home)) show(play(game)).catch(console.error);
  }, tickMs);
  tide.attach(server);
  return tide;
}
