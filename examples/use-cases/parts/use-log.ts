// A channel's log in a component: what was published before, and from there on what is.
import type { Channel, Gap, Publication } from "@tidewire/client";
import { useEffect, useState } from "react";

interface Live<Data> {
  readonly channel: Channel<Data>;
  readonly publications: readonly Publication<Data>[];
  readonly gap: Gap | null;
}

/** Data by offset, oldest first: of before the newest `limit`, or as many as history keeps. @param live From `useChannel`. */
export function useLog<Data>({ channel, publications, gap }: Live<Data>, limit: number): readonly [number, Data][] {
  const [past, setPast] = useState<readonly Publication<Data>[]>([]);
  useEffect(() => {
    let isOver = false;
    // Asked for behind the subscription, it leaves nothing out between the two. After a gap there is something to read again.
    const asked = channel.history({ limit, reverse: true });
    asked.then((page) => isOver || setPast(page.publications), console.error);
    return () => void (isOver = true);
  }, [channel, gap, limit]);
  const all = new Map([...past, ...publications].map(({ position, data }) => [position?.offset ?? 0, data]));
  return [...all].toSorted(([one], [other]) => one - other);
}
