"use client";
// The lobby: what is said in it, who is there, and a form to say more.
import { createClient } from "@tidewire/client";
import { TidewireProvider, useChannel, usePresence } from "@tidewire/react";
import { chat } from "./chat.ts";

// On the page's own server, unless the build has been told of another.
const server = process.env.NEXT_PUBLIC_TIDEWIRE_URL ?? "/tide";

// One for the life of the page. Where the page is rendered it is made as well, and nothing connects it.
const client = createClient({ url: `${server}/connection/websocket` });

export function Lobby() {
  return (
    <TidewireProvider client={client}>
      <Room name="lobby" />
    </TidewireProvider>
  );
}

function Room({ name }: { readonly name: string }) {
  const { publications, publish, status } = useChannel(chat, { room: name });
  const { count } = usePresence(chat, { room: name });

  async function send(form: FormData): Promise<void> {
    await publish(form.get("text"));
  }

  return (
    <section>
      <p>{`${status.kind}, ${count} here`}</p>
      <ul>
        {publications.map(({ id, data }) => (
          <li key={id}>{String(data)}</li>
        ))}
      </ul>
      <form action={send}>
        <label>
          Message <input name="text" required autoComplete="off" />
        </label>
        <button>Send</button>
      </form>
    </section>
  );
}
