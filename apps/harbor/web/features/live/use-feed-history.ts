// What the line of the number feed needs beside its numbers: those from before, and when the connection was lost.
import type { Channel, HistoryPage } from "@tidewire/client";
import { useClient } from "@tidewire/react";
import { type Dispatch, useEffect } from "react";
import type { FeedAction, FeedHistory } from "./feed-points.ts";
import type { PointFrom } from "./use-point-from.ts";

const historyWanted = 100;

interface FeedSource {
  readonly channel: Channel<number>;
  /** What was there when the component came. */
  readonly kept: FeedHistory;
  readonly dispatch: Dispatch<FeedAction>;
  readonly pointFrom: PointFrom;
}

export function useFeedHistory({ channel, kept, dispatch, pointFrom }: FeedSource): void {
  const client = useClient();
  useEffect(() => {
    const back = (recovered: boolean): void => dispatch({ type: "back", atMs: Date.now(), recovered });
    const lost = (): void => dispatch({ type: "lost", atMs: Date.now() });
    /** Where history cannot be read, the line begins with what comes from now on. */
    const read = (then: (page: HistoryPage<number> | null) => void): void => {
      channel.history({ limit: historyWanted, reverse: true }).then(
        (page) => {
          dispatch({ type: "came", points: page.publications.flatMap((publication) => pointFrom(publication, false)) });
          then(page);
        },
        () => then(null),
      );
    };
    let wasUp = false;
    let hasBegun = false;
    const changed = (): void => {
      const { status } = channel;
      const isUp = status.kind === "live" || status.kind === "paused";
      if (isUp && !wasUp && !hasBegun) read((page) => back(page !== null && joins(kept, page)));
      else if (isUp && !wasUp) {
        back(status.recovered);
        if (!status.recovered) read(() => undefined);
      } else if (!isUp && wasUp) lost();
      hasBegun ||= isUp;
      wasUp = isUp;
    };
    if (client.state.kind !== "connected" && kept.points.length > 0) lost();
    changed();
    return channel.onState(changed);
  }, [client, channel, kept, dispatch, pointFrom]);
}

/** Whether history goes on where the kept line ended: a subscription that began anew cannot say so. */
function joins({ points }: FeedHistory, { publications, position }: HistoryPage<number>): boolean {
  const last = points.at(-1);
  if (last === undefined) return true;
  if (position?.epoch !== last.epoch) return false;
  const oldest = publications.at(-1)?.position?.offset ?? position.offset + 1;
  return oldest <= last.offset + 1;
}
