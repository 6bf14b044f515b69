// The newest numbers, and a button to rest.
import { useChannel } from "@tidewire/react";
import { numbers } from "./channels.ts";

export function Numbers() {
  const { publications, isPaused, pause, resume } = useChannel(numbers, { keep: 20 });
  return (
    <main>
      <h1>Numbers</h1>
      <button type="button" onClick={isPaused ? resume : pause}>
        {isPaused ? "Resume" : "Pause"}
      </button>
      <ol>
        {publications.map(({ id, data }) => (
          <li key={id}>{data}</li>
        ))}
      </ol>
    </main>
  );
}
