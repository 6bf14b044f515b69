// The newest numbers with their places in the log, a button to rest, and how things stand.
import { useChannel, useConnection } from "@tidewire/react";
import { numbers } from "./channels.ts";

export function Numbers() {
  const connection = useConnection();
  const { publications, gap, isPaused, pause, resume } = useChannel(numbers, { keep: 100 });
  return (
    <main>
      <h1>Numbers</h1>
      <p role="status">
        {connection.kind}, {gap === null ? "nothing is missing" : "something is missing"}
      </p>
      <button type="button" onClick={isPaused ? resume : pause}>
        {isPaused ? "Resume" : "Pause"}
      </button>
      <ol>
        {publications.map(({ id, data, position }) => (
          <li key={id} value={position?.offset}>
            {data}
          </li>
        ))}
      </ol>
    </main>
  );
}
