// Keeps what a page knew when one leaves it, so that it is there when one comes back, with a connection or without.
import { createContext, type Dispatch, type ReactNode, useContext, useEffect, useReducer, useState } from "react";

/** Says what is kept on a shelf, and how many of them: those that were not looked at for longest are dropped. */
export interface ShelfName<Value> {
  readonly most: number;
  /** Never there; it ties the type to the name. */
  readonly value?: Value;
}

class Shelf<Value> {
  readonly #values = new Map<string, Value>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  put(key: string, value: Value): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    for (const oldest of this.#values.keys()) {
      if (this.#values.size <= this.#most) return;
      this.#values.delete(oldest);
    }
  }
}

type Shelves = Map<ShelfName<unknown>, Shelf<unknown>>;

const KeptContext = createContext<Shelves | null>(null);

/** What is below it belongs to one person; another person has shelves of his own. */
export function KeptProvider({ children }: { readonly children: ReactNode }) {
  const [shelves] = useState<Shelves>(() => new Map());
  return <KeptContext value={shelves}>{children}</KeptContext>;
}

export function useShelf<Value>(name: ShelfName<Value>): Pick<Shelf<Value>, "get" | "put"> {
  const shelves = useContext(KeptContext);
  if (shelves === null) throw new TypeError("useShelf is used below KeptProvider");
  const shelf = shelves.get(name) ?? new Shelf<unknown>(name.most);
  shelves.set(name, shelf);
  // Only the name's own type was ever put there.
  return shelf as Shelf<Value>;
}

/** A reducer whose state outlives the component; the next one with the same name and key begins with it. */
export function useKeptReducer<State, Action>(
  reducer: (state: State, action: Action) => State,
  empty: State,
  at: { readonly shelf: ShelfName<State>; readonly key: string },
): [State, Dispatch<Action>] {
  const shelf = useShelf(at.shelf);
  const [state, dispatch] = useReducer(reducer, empty, () => shelf.get(at.key) ?? empty);
  useEffect(() => shelf.put(at.key, state), [shelf, at.key, state]);
  return [state, dispatch];
}
