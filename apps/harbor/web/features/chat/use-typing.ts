// Who is typing in a room, and telling the others that I am.
import { useChannel } from "@tidewire/react";
import { useCallback, useEffect, useRef, useState } from "react";
import { typing } from "../../../contract/chat.ts";
import { useMe } from "../../session/session-provider.tsx";

/** Told again this often while typing goes on. */
const tellEveryMs = 2_500;
/** Somebody of whom nothing was heard for this long does not type any more. */
const forgottenAfterMs = 4_000;

interface Typist {
  readonly name: string;
  readonly untilMs: number;
}

export interface Typing {
  /** Names of the others who type. */
  readonly names: readonly string[];
  /** Says that I type, or that I stopped. */
  readonly tell: (isTyping: boolean) => void;
  /** Somebody's message came: whoever wrote it has stopped typing. */
  readonly hasWritten: (person: string) => void;
}

export function useTyping(room: string): Typing {
  const me = useMe();
  const [typists, setTypists] = useState<ReadonlyMap<string, Typist>>(new Map());
  const hasWritten = useCallback((person: string) => setTypists((before) => without(before, person)), []);
  const { publish, status } = useChannel(
    typing,
    { room },
    {
      keep: 0,
      onPublication: ({ author, data }) => {
        const name = author === null ? null : nameOf(author.info);
        if (author === null || name === null || author.user === me.id) return;
        if (!data.typing) return hasWritten(author.user);
        setTypists((before) => new Map(before).set(author.user, { name, untilMs: Date.now() + forgottenAfterMs }));
      },
    },
  );
  useForgetting(typists, setTypists);
  const tell = useTell((isTyping) => {
    if (status.kind === "live") publish({ typing: isTyping }).catch(() => undefined);
  });
  return { names: [...typists.values()].map((typist) => typist.name), tell, hasWritten };
}

function useForgetting(typists: ReadonlyMap<string, Typist>, set: (next: ReadonlyMap<string, Typist>) => void): void {
  useEffect(() => {
    if (typists.size === 0) return undefined;
    const firstMs = Math.min(...[...typists.values()].map((typist) => typist.untilMs));
    const forget = (): void => set(new Map([...typists].filter(([, typist]) => typist.untilMs > Date.now())));
    const timer = setTimeout(forget, Math.max(0, firstMs - Date.now()) + 10);
    return () => clearTimeout(timer);
  }, [typists, set]);
}

function useTell(say: (isTyping: boolean) => void): (isTyping: boolean) => void {
  const toldMs = useRef(0);
  const latest = useRef(say);
  useEffect(() => {
    latest.current = say;
  });
  return useCallback((isTyping) => {
    const isTold = toldMs.current > 0;
    if (isTyping && Date.now() - toldMs.current < tellEveryMs) return;
    if (!isTyping && !isTold) return;
    toldMs.current = isTyping ? Date.now() : 0;
    latest.current(isTyping);
  }, []);
}

function without(typists: ReadonlyMap<string, Typist>, person: string): ReadonlyMap<string, Typist> {
  if (!typists.has(person)) return typists;
  const rest = new Map(typists);
  rest.delete(person);
  return rest;
}

function nameOf(info: unknown): string | null {
  return typeof info === "object" && info !== null && "name" in info && typeof info.name === "string"
    ? info.name
    : null;
}
