// The stage and the board; the presenter has three forms more.
import { createClient } from "@tidewire/client";
import { TidewireProvider, useCall, useLatest, useLog, usePresence } from "@tidewire/react";
import { createRoot } from "react-dom/client";
import { Field } from "../parts/field.tsx";
import { add, board, type Item, stage, vote } from "./channels.ts";

const presenterKey = location.hash.slice(1);
const isPresenter = presenterKey !== "";
// One vote each: a browser is known by its key.
const voterKey = localStorage.getItem("voter") ?? crypto.randomUUID();
localStorage.setItem("voter", voterKey);

function Stage() {
  // Who comes late reads what was said before.
  const { publications, publish, status } = useLog(stage, { newest: 300 });
  const { count } = usePresence(stage);
  const slide = publications.findLast(({ data }) => data.kind === "slide");
  const lines = publications.filter(({ data }) => data.kind === "line").slice(-8);
  return (
    <section aria-label="Stage">
      <p role="status">
        {status.kind === "live" ? `Live · ${count} here` : "No connection: what you miss is shown later"}
      </p>
      <p className="slide">{slide?.data.text ?? "It begins soon"}</p>
      <ol aria-live="polite">
        {lines.map(({ id, data }) => (
          <li key={id}>{data.text}</li>
        ))}
      </ol>
      {isPresenter && <Field label="Say" send={(text) => publish({ kind: "line", text })} />}
      {isPresenter && <Field label="Next slide" send={(text) => publish({ kind: "slide", text })} />}
    </section>
  );
}

function Board() {
  // Thousands may vote in a second; to look twice is enough.
  const { keys, table } = useLatest(board, { rate: 2 });
  const put = useCall(add);
  const items = keys.flatMap((key) => table.get(key)?.data ?? []);
  const votesOf = ({ choices }: Item) => choices[0]?.votes ?? 0;
  const questions = items
    .filter(({ kind }) => kind === "question")
    .toSorted((one, other) => votesOf(other) - votesOf(one));
  return (
    <section aria-label="Board">
      <h2>Polls</h2>
      <ul>{items.map((item) => item.kind === "poll" && <Entry key={item.id} item={item} />)}</ul>
      {isPresenter && (
        <Field
          label="New poll: Tea or coffee? Tea, Coffee"
          send={(given, id) => {
            const [text = "", choices = ""] = given.split("?");
            return put({ id, kind: "poll", text: `${text}?`, choices: choices.split(",") });
          }}
        />
      )}
      <h2>Questions</h2>
      <ul>
        {questions.map((item) => (
          <Entry key={item.id} item={item} />
        ))}
      </ul>
      <Field label="Ask" send={(text, id) => put({ id, kind: "question", text, choices: ["Me too"] })} />
    </section>
  );
}

function Entry({ item: { id, text, choices } }: { readonly item: Item }) {
  const cast = useCall(vote);
  return (
    <li>
      {text}
      {choices.map((choice, index) => (
        <button key={index} className="vote" onClick={() => void cast({ id, choice: index }).catch(console.error)}>
          {choice.text} · {choice.votes}
        </button>
      ))}
    </li>
  );
}

createRoot(document.querySelector("#root") ?? document.body).render(
  <TidewireProvider
    client={createClient({ url: "/connection/websocket", token: isPresenter ? presenterKey : voterKey })}
  >
    <main className="wide two">
      <h1>Webinar</h1>
      <Stage />
      <Board />
    </main>
  </TidewireProvider>,
);
