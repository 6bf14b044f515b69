// Both sides of a conversation: a guest has one, an agent has the queue and opens any of it.
import { createClient } from "@tidewire/client";
import { TidewireProvider, useCall, useConnection, useLatest, useLog } from "@tidewire/react";
import { useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { Field } from "../parts/field.tsx";
import { conversation, queue, say, settle } from "./channels.ts";

const agentKey = location.hash.slice(1);
const isAgent = agentKey !== "";
// All there is of a guest's account: who has the key has the conversation.
const guestKey = localStorage.getItem("support") ?? crypto.randomUUID();
localStorage.setItem("support", guestKey);

function Conversation({ guest }: { readonly guest: string }) {
  const { publications, hasOlder, older } = useLog(conversation, { guest });
  const newest = publications.at(-1)?.position?.offset ?? 0;
  const [send, mark] = [useCall(say), useCall(settle)];
  useEffect(() => {
    if (isAgent && newest > 0) mark({ guest, readTo: newest }).catch(console.error);
  }, [guest, mark, newest]);
  return (
    <section aria-label="Conversation">
      {hasOlder && <button onClick={() => older()}>Earlier</button>}
      <ol aria-live="polite">
        {publications.map(({ id, data: { from, text } }) => (
          <li key={id} className={from}>
            {text}
          </li>
        ))}
      </ol>
      <Field label="Message" send={(text, id) => send({ guest, text, id })} />
    </section>
  );
}

function Desk() {
  const { keys, table } = useLatest(queue);
  const [guest, setGuest] = useState("");
  const over = useCall(settle);
  const open = keys.flatMap((key) => table.get(key)?.data ?? []);
  const unread = open.reduce((sum, row) => sum + row.unread, 0);
  return (
    <>
      <title>{unread > 0 ? `(${unread}) Support` : "Support"}</title>
      <ul aria-label="Open conversations">
        {open.map((row) => (
          <li key={row.guest}>
            <button aria-pressed={row.guest === guest} onClick={() => setGuest(row.guest)}>
              Guest {row.guest.slice(0, 4)} {row.unread > 0 && `· ${row.unread} new`}
            </button>
            <span className="soft">{row.text}</span>
            <button onClick={() => void over({ guest: row.guest, readTo: null }).catch(console.error)}>Close</button>
          </li>
        ))}
      </ul>
      {guest !== "" && <Conversation key={guest} guest={guest} />}
    </>
  );
}

function Support() {
  const state = useConnection();
  const [user, setUser] = useState("");
  if (state.kind === "connected" && user === "") setUser(String(state.data));
  return (
    <main>
      <header>
        <h1>Support</h1>
        <p role="status">{state.kind === "connected" ? "Live" : "Connecting"}</p>
      </header>
      {isAgent ? <Desk /> : user !== "" && <Conversation guest={user} />}
    </main>
  );
}

createRoot(document.querySelector("#root") ?? document.body).render(
  <TidewireProvider client={createClient({ url: "/connection/websocket", token: isAgent ? agentKey : guestKey })}>
    <Support />
  </TidewireProvider>,
);
