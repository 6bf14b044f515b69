"use client";
// A call as a function that stays the same from render to render.

import type { CallOptions } from "@tidewire/client";
import type { CallDefinition, InputOf, ResultOf } from "@tidewire/protocol";
import { useCallback } from "react";
import { useClient } from "./provider.tsx";

/** Returns a function that asks the server. @see Client.call for its errors. */
export function useCall<Definition extends CallDefinition>(
  definition: Definition,
): (input: InputOf<Definition>, options?: CallOptions) => Promise<ResultOf<Definition>> {
  const client = useClient();
  return useCallback((input, options) => client.call(definition, input, options), [client, definition]);
}
