// The hooks in a component, for the compilers.
import { type Client, createClient } from "@tidewire/client";
import { defineCall, defineChannel } from "@tidewire/protocol";
import { TidewireProvider, useCall, useChannel, useConnection, useLatest, usePresence } from "@tidewire/react";

const chat = defineChannel("chat:{room}", { presence: true });
const quotes = defineChannel("quotes", { mode: "latest", key: String });
const search = defineCall("search");

export const client: Client = createClient({ url: "/connection/websocket" });

export function App() {
  return (
    <TidewireProvider client={client}>
      <Room name="lobby" />
    </TidewireProvider>
  );
}

function Room({ name }: { readonly name: string }) {
  const { publications, publish } = useChannel(chat, { room: name }, { keep: 50 });
  const { members } = usePresence(chat, { room: name });
  const { keys } = useLatest(quotes);
  const ask = useCall(search);
  return (
    <button onClick={() => void ask("tea").then(() => publish("hello"))}>
      {useConnection().kind} {publications.length} {members.length} {keys.length}
    </button>
  );
}

export function Wrong() {
  // @ts-expect-error The parameter is called room: the types came along.
  return <p>{useChannel(chat, { name: "lobby" }).publications.length}</p>;
}
