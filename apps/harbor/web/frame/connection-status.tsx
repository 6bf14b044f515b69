// How the connection is: a dot and a word that are always in sight, and on a click what is going on.
import { Popover } from "@base-ui/react/popover";
import type { ConnectionState } from "@tidewire/client";
import { useClient, useConnection } from "@tidewire/react";
import { useState } from "react";
import { useEventLog } from "../connection/event-log-provider.tsx";
import { Button } from "../theme/button.tsx";
import { classNames } from "../theme/class-names.ts";
import { toneDots } from "../theme/tone-dots.ts";
import { useNow } from "../theme/use-now.ts";
import { spanOf, timeWithSeconds } from "../theme/words-for-time.ts";
import { describeConnection } from "./describe-connection.ts";

export function ConnectionStatus() {
  const state = useConnection();
  const [isOpen, setIsOpen] = useState(false);
  // One clock for the word and for what the click shows: two would not tick together.
  const nowMs = useNow(state.kind === "waiting" ? 250 : isOpen ? 1_000 : null);
  const { tone, word } = describeConnection(state, nowMs);
  return (
    <Popover.Root open={isOpen} onOpenChange={setIsOpen}>
      <Popover.Trigger
        aria-label={`Connection: ${word}`}
        className="figures inline-flex h-8 shrink-0 items-center gap-2 rounded-md px-2.5 text-sm whitespace-nowrap text-soft hover:bg-hover hover:text-text"
      >
        <span aria-hidden className={classNames("size-2 rounded-full", toneDots[tone])} />
        {word}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner side="bottom" align="end" sideOffset={6}>
          <Popover.Popup className="floats z-50 w-[min(22rem,calc(100vw-1.5rem))] rounded-lg bg-raised p-4 shadow-float outline-none">
            <Details state={state} nowMs={nowMs} />
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

const shownEntries = 5;

function Details({ state, nowMs }: { readonly state: ConnectionState; readonly nowMs: number }) {
  const client = useClient();
  const entries = useEventLog();
  const { word, sentence } = describeConnection(state, nowMs);
  const isDown = state.kind === "waiting" || state.kind === "offline" || state.kind === "closed";
  return (
    <>
      <Popover.Title className="text-lg font-semibold">{word}</Popover.Title>
      <Popover.Description className="mt-1 text-sm text-soft">{sentence}</Popover.Description>
      {state.kind === "connected" && (
        <p className="figures mt-2 text-sm text-soft">
          For {spanOf(nowMs - state.sinceMs)}, session{" "}
          <code className="font-mono text-xs">{state.session.slice(0, 8)}</code>
        </p>
      )}
      {isDown && (
        <Button className="mt-3" onClick={() => (state.kind === "closed" ? client.connect() : client.retry())}>
          Connect now
        </Button>
      )}
      <ul className="mt-3 space-y-1 border-t border-line pt-3 text-xs">
        {entries.slice(-shownEntries).map((entry) => (
          <li key={entry.id} className="flex gap-3">
            <time className="figures shrink-0 text-soft">{timeWithSeconds(entry.atMs)}</time>
            <span>
              <span className="text-soft">{entry.side === "page" ? "Page: " : "Server: "}</span>
              {entry.text}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
