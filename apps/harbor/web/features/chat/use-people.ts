// Who is in a room, for a component; without a connection whoever was there last.
import { usePresence } from "@tidewire/react";
import { useEffect, useMemo } from "react";
import { chat } from "../../../contract/chat.ts";
import { type ShelfName, useShelf } from "../../connection/kept.tsx";
import { peopleFrom, type Person } from "./people.ts";

const lastSeen: ShelfName<readonly Person[]> = { most: 20 };

/** `null` as long as nothing is known of it: nobody may be here, and anybody. */
export function usePeople(room: string): readonly Person[] | null {
  const { members, status } = usePresence(chat, { room });
  const shelf = useShelf(lastSeen);
  const people = useMemo(() => peopleFrom(members), [members]);
  useEffect(() => {
    if (status === "ready") shelf.put(room, people);
  }, [shelf, room, status, people]);
  return status === "loading" ? (shelf.get(room) ?? null) : people;
}
