// Who is in a room, for a component; without a connection whoever was there last.
import { usePresence } from "@tidewire/react";
import { useEffect, useMemo } from "react";
import { chat } from "../../../contract/chat.ts";
import { type ShelfName, useShelf } from "../../connection/kept.tsx";
import { peopleFrom, type Person } from "./people.ts";

const lastSeen: ShelfName<readonly Person[]> = { most: 20 };

export function usePeople(room: string): readonly Person[] {
  const { members, status } = usePresence(chat, { room });
  const shelf = useShelf(lastSeen);
  const people = useMemo(() => peopleFrom(members), [members]);
  useEffect(() => {
    if (status === "ready") shelf.put(room, people);
  }, [shelf, room, status, people]);
  return status === "loading" ? (shelf.get(room) ?? people) : people;
}
