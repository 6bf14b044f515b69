// Whether another node of the same engine goes by this one's name: figures and the list of nodes would tell the two as one.
import type { Cancel, Clock } from "./ports/clock.ts";
import { type Log, reasonOf } from "./ports/log.ts";

/** Longer than a node that drains, and its supervisor, take: where one is restarted under its name, the old one has gone by then. */
const leavingMs = 60_000;

export interface NamesakeParts {
  /** Names this run of the process. */
  readonly id: string;
  /** What its operator calls it. */
  readonly name: string;
  /** What each other node says of itself, as `info` of the server API does. */
  readonly infos: () => Promise<readonly string[]>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Asks the others once at the start, and once when whoever was leaving then has left. The later of two nodes finds the earlier one; of
 * two that start at once, whoever asks last.
 */
export class Namesakes {
  readonly #parts: NamesakeParts;
  #cancel: Cancel = () => undefined;
  #isOver = false;

  constructor(parts: NamesakeParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#look(null);
  }

  stop(): void {
    this.#isOver = true;
    this.#cancel();
  }

  /** @param before Who went by the name in the last look; `null`: there was none that counts. */
  #look(before: readonly string[] | null): void {
    this.#found().then(
      (found) => this.#compare(before, found),
      (thrown: unknown) => {
        this.#parts.log.debug("the names of other nodes are not known", { reason: reasonOf(thrown) });
        this.#again(before);
      },
    );
  }

  #compare(before: readonly string[] | null, found: readonly string[]): void {
    if (found.length === 0) return;
    const still = found.filter((id) => before?.includes(id) === true);
    if (still.length === 0) return this.#again(found);
    if (this.#isOver) return;
    const { id, name, log } = this.#parts;
    log.warn("another node goes by this node's name: their figures are told as one node's", {
      name,
      id,
      others: still.join(", "),
    });
  }

  #again(before: readonly string[] | null): void {
    if (!this.#isOver) this.#cancel = this.#parts.clock.after(leavingMs, () => this.#look(before));
  }

  async #found(): Promise<readonly string[]> {
    const { id, name, infos } = this.#parts;
    const named = (await infos()).flatMap(nodesIn).filter((node) => node.name === name);
    return [...new Set(named.map(({ uid }) => uid))].filter((uid) => uid !== id);
  }
}

/** What a node with others looks by. */
export interface Naming extends Omit<NamesakeParts, "name" | "infos"> {
  readonly name: string | undefined;
  readonly others: { act(method: "info", parameters: object): Promise<readonly string[]> } | null;
}

/** `null` where there are no others, or this node was given no name that one of them could have. */
export function namesakesOf({ name, others, ...parts }: Naming): Namesakes | null {
  if (others === null || name === undefined) return null;
  return new Namesakes({ ...parts, name, infos: () => others.act("info", {}) });
}

interface Named {
  readonly uid: string;
  readonly name: string;
}

/** It came from a process that may be of another version. */
function nodesIn(info: string): readonly Named[] {
  const { nodes } = Object(JSON.parse(info)) as { readonly nodes?: unknown };
  return (Array.isArray(nodes) ? nodes : []).flatMap((node: unknown) => {
    const { uid, name } = Object(node) as Partial<Record<"uid" | "name", unknown>>;
    return typeof uid === "string" && typeof name === "string" ? [{ uid, name }] : [];
  });
}
