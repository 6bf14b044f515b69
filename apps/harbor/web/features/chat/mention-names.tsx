// Whose names are mentions in the messages below.
import { createContext, type ReactNode, useContext } from "react";
import type { MentionOf } from "./room-people.ts";

/** By the key of a name; `undefined`: nobody's. */
export type WhoHas = (key: string) => MentionOf | undefined;

const Names = createContext<WhoHas>(() => undefined);

export function MentionNames({ whoHas, children }: { readonly whoHas: WhoHas; readonly children: ReactNode }) {
  return <Names value={whoHas}>{children}</Names>;
}

export function useWhoHas(): WhoHas {
  return useContext(Names);
}
