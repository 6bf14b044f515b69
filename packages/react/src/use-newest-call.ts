"use client";
// A call of which only the newest counts, as for a search while somebody types.

import type { CallOptions } from "@tidewire/client";
import type { CallDefinition, InputOf, ResultOf } from "@tidewire/protocol";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useCall } from "./use-call.ts";

/** A call of which only the newest counts. `isPending`: one is waited for. */
export interface NewestCall<Definition extends CallDefinition> {
  /** Asks, and cancels what was asked before. Stays the same from render to render. */
  readonly ask: (input: InputOf<Definition>, options?: CallOptions) => Promise<ResultOf<Definition>>;
  /** Ends the wait, if there is one. Stays the same from render to render. */
  readonly cancel: () => void;
  readonly isPending: boolean;
}

/**
 * A call that is canceled, on the server too, by the next one, by `cancel` and when the component goes. A canceled one
 * rejects with an `AbortError`. @see Client.call for its other errors.
 */
export function useNewestCall<Definition extends CallDefinition>(definition: Definition): NewestCall<Definition> {
  const call = useCall(definition);
  const newest = useRef<AbortController | null>(null);
  const [isPending, setIsPending] = useState(false);
  const cancel = useCallback(() => newest.current?.abort(), []);
  const ask = useCallback<NewestCall<Definition>["ask"]>(
    async (input, options = {}) => {
      const own = new AbortController();
      newest.current?.abort();
      newest.current = own;
      setIsPending(true);
      const signal = options.signal === undefined ? own.signal : AbortSignal.any([own.signal, options.signal]);
      try {
        return await call(input, { ...options, signal });
      } finally {
        if (newest.current === own) {
          newest.current = null;
          setIsPending(false);
        }
      }
    },
    [call],
  );
  // What was asked through one client, or of one call, means nothing to the next.
  useEffect(() => cancel, [call, cancel]);
  return useMemo(() => ({ ask, cancel, isPending }), [ask, cancel, isPending]);
}
