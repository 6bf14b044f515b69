// A room: what is said in it, who is there, and a form to say more.
import { useChannel, usePresence } from "@tidewire/react";
import { chat } from "./channels.ts";

export function Room({ name }: { readonly name: string }) {
  const { publications, publish, status } = useChannel(chat, { room: name });
  const { count } = usePresence(chat, { room: name });

  async function send(form: FormData): Promise<void> {
    await publish(form.get("text"));
  }

  return (
    <main>
      <h1>Chat</h1>
      <p>
        {status.kind}, {count} here
      </p>
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
    </main>
  );
}
