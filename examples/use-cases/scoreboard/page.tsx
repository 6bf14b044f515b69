// The board: a row renders when its own game changes, and each reader says how often it wants to look.
import { createClient } from "@tidewire/client";
import type { LatestTable } from "@tidewire/client/latest";
import { TidewireProvider, useCall, useLatestKey, useLatestKeys } from "@tidewire/react";
import { useState } from "react";
import { createRoot } from "react-dom/client";
import { correct, type Game, games } from "./channels.ts";

const operatorKey = location.hash.slice(1);
const paces = { "as they happen": 60, "once a second": 1, "every ten seconds": 0.1 };

function Board() {
  const [rate, setRate] = useState(60);
  const { keys, table, isStale } = useLatestKeys(games, { rate });
  return (
    <main>
      <header>
        <h1>Scoreboard</h1>
        <p role="status">{isStale ? "No connection: scores may be old" : "Live"}</p>
      </header>
      <label>
        Show changes
        <select onChange={({ target }) => setRate(Number(target.value))}>
          {Object.entries(paces).map(([words, pace]) => (
            <option key={pace} value={pace}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <table className="figures">
        <tbody>
          {keys.map((home) => (
            <Row key={home} home={home} table={table} />
          ))}
        </tbody>
      </table>
    </main>
  );
}

function Row({ home, table }: { readonly home: string; readonly table: LatestTable<Game, unknown> }) {
  const game = useLatestKey(table, home)?.data;
  return game === undefined ? null : (
    <tr>
      <td className="soft">{game.minute}′</td>
      <th scope="row">{home}</th>
      <td>
        <Goals game={game} side="home" /> : <Goals game={game} side="away" />
      </td>
      <td>{game.away}</td>
    </tr>
  );
}

function Goals({ game, side }: { readonly game: Game; readonly side: "home" | "away" }) {
  const { home, score } = game;
  const [first] = useState(score[side]);
  const send = useCall(correct);
  const [trouble, setTrouble] = useState("");
  const add = (count: number) => {
    const sent = send({ home, score: { ...score, [side]: score[side] + count } });
    sent.then(() => setTrouble("")).catch(({ message }: Error) => setTrouble(`Not set: ${message}`));
  };
  return (
    <>
      {/* Another key is another element, and lights up anew. */}
      <span key={score[side]} className={score[side] === first ? "" : "lit"}>
        {score[side]}
      </span>
      {operatorKey !== "" && (
        <button aria-label={`${game[side]} scored`} onClick={() => add(1)}>
          +
        </button>
      )}
      {operatorKey !== "" && (
        <button aria-label={`Take one from ${game[side]}`} onClick={() => add(-1)}>
          −
        </button>
      )}
      <span role="alert">{trouble}</span>
    </>
  );
}

createRoot(document.querySelector("#root") ?? document.body).render(
  <TidewireProvider client={createClient({ url: "/connection/websocket", token: operatorKey })}>
    <Board />
  </TidewireProvider>,
);
