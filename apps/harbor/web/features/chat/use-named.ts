// Who has the names that stand in a room's messages, and is neither here nor wrote there: asked of the server.
import { useCall } from "@tidewire/react";
import { useEffect, useMemo, useState } from "react";
import type { ChatMessage } from "../../../contract/chat.ts";
import { keysIn } from "../../../contract/mentions-in.ts";
import { findPeople, mostKeysAsked } from "../../../contract/person.ts";
import type { RoomPeople } from "./room-people.ts";

/** Ids by the keys of names; `null`: nobody's. */
type Named = ReadonlyMap<string, string | null>;

const nothing: Named = new Map();
/** Keys of one room whose answers are kept; with more of them the rest are nobody's. */
const mostKept = 2_000;

export function useNamed(messages: readonly ChatMessage[], people: RoomPeople): Named {
  const [named, setNamed] = useState(nothing);
  const ask = useCall(findPeople);
  // No name has a line's end in it.
  const wanted = useMemo(() => unknownIn(messages, people, named).join("\n"), [messages, people, named]);
  useEffect(() => {
    if (wanted === "") return undefined;
    const leaving = new AbortController();
    const keys = wanted.split("\n");
    ask({ keys }, { signal: leaving.signal }).then(
      ({ people: found }) => {
        const ids = new Map(found.map(({ key, id }) => [key, id]));
        setNamed((before) => new Map([...before, ...keys.map((key) => [key, ids.get(key) ?? null] as const)]));
      },
      // Asked again with the next name.
      () => undefined,
    );
    return () => leaving.abort();
  }, [ask, wanted]);
  return named;
}

const keysOf = new WeakMap<ChatMessage, readonly string[]>();

/** Keys that were not asked for yet, those of the newest messages first. */
function unknownIn(messages: readonly ChatMessage[], people: RoomPeople, named: Named): readonly string[] {
  const most = Math.min(mostKeysAsked, mostKept - named.size);
  const unknown = new Set<string>();
  for (let index = messages.length - 1; index >= 0 && unknown.size < most; index -= 1) {
    const message = messages[index];
    if (message === undefined || !message.text.includes("@")) continue;
    const keys = keysOf.get(message) ?? keysIn(message.text);
    keysOf.set(message, keys);
    for (const key of keys) if (!people.has(key) && !named.has(key) && unknown.size < most) unknown.add(key);
  }
  return [...unknown];
}
