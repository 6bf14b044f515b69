// Tells lists how far rooms have come, at most a few times a second for each room, however much is said in it.

const intervalMs = 250;

export interface Activity {
  readonly moved: (room: string, lastSeq: number) => void;
  readonly stop: () => void;
}

/** @param tell Publishes the newest number of a room; whatever becomes of it, a later one makes good. */
export function createActivity(tell: (room: string, lastSeq: number) => void): Activity {
  const waiting = new Map<string, number>();
  const resting = new Map<string, NodeJS.Timeout>();

  function rest(room: string): void {
    const timer = setTimeout(() => {
      resting.delete(room);
      const lastSeq = waiting.get(room);
      if (lastSeq === undefined) return;
      waiting.delete(room);
      tell(room, lastSeq);
      rest(room);
    }, intervalMs);
    resting.set(room, timer.unref());
  }

  return {
    moved(room, lastSeq) {
      if (resting.has(room)) {
        waiting.set(room, lastSeq);
        return;
      }
      tell(room, lastSeq);
      rest(room);
    },
    stop() {
      for (const timer of resting.values()) clearTimeout(timer);
      resting.clear();
    },
  };
}
