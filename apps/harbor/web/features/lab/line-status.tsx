// How the line's own connection is, and what is set on it.
import type { Client, ConnectionState } from "@tidewire/client";
import { useSyncExternalStore } from "react";
import { describeConnection } from "../../frame/describe-connection.ts";
import { classNames } from "../../theme/class-names.ts";
import { toneDots } from "../../theme/tone-dots.ts";
import { useNow } from "../../theme/use-now.ts";
import { useLab } from "./lab-provider.tsx";

export function LineStatus() {
  const { line } = useLab();
  const state = useClientState(line);
  const nowMs = useNow(state.kind === "waiting" ? 250 : null);
  const { tone, word } = describeConnection(state, nowMs);
  return (
    <p data-testid="line" className="figures flex items-center gap-2 text-sm text-soft">
      <span aria-hidden className={classNames("size-2 rounded-full", toneDots[tone])} />
      Your line: {word}
    </p>
  );
}

function useClientState(client: Client): ConnectionState {
  return useSyncExternalStore(client.subscribe, client.getSnapshot);
}
