// Goes round a map a part at a time, so that no turn of the event loop is long however many entries there are.

/** At least this many entries are visited at a time, or a 64th of all. */
const visitAtLeast = 1_000;

export class Rounds<Key, Value> {
  readonly #map: ReadonlyMap<Key, Value>;
  #next: Iterator<readonly [Key, Value]> | null = null;

  constructor(map: ReadonlyMap<Key, Value>) {
    this.#map = map;
  }

  /** Visits the next part, which ends early at the end of the map. `visit` may delete what it is given. */
  go(visit: (key: Key, value: Value) => void): void {
    const visits = Math.max(visitAtLeast, Math.ceil(this.#map.size / 64));
    this.#next ??= this.#map.entries();
    for (let visited = 0; visited < visits; visited += 1) {
      const next = this.#next.next();
      if (next.done === true) {
        this.#next = null;
        return;
      }
      visit(next.value[0], next.value[1]);
    }
  }
}
