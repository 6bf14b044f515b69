// The owner's roll: who is in a channel, and by which worker.
import type { Member, SessionId } from "@tidewire/protocol";

interface Present<Worker> {
  readonly member: Member;
  readonly worker: Worker;
}

export class Roll<Worker> {
  readonly #channels = new Map<string, Map<SessionId, Present<Worker>>>();
  readonly #workers = new Map<Worker, Map<string, Set<SessionId>>>();

  add(worker: Worker, channel: string, member: Member): void {
    this.remove(worker, channel, member.session);
    entryOf(this.#channels, channel, () => new Map<SessionId, Present<Worker>>()).set(member.session, {
      member,
      worker,
    });
    const channels = entryOf(this.#workers, worker, () => new Map<string, Set<SessionId>>());
    entryOf(channels, channel, () => new Set<SessionId>()).add(member.session);
  }

  /** False when it was not there by this worker. */
  remove(worker: Worker, channel: string, session: SessionId): boolean {
    const here = this.#channels.get(channel);
    if (here?.get(session)?.worker !== worker) return false;
    here.delete(session);
    if (here.size === 0) this.#channels.delete(channel);
    const channels = this.#workers.get(worker);
    const sessions = channels?.get(channel);
    sessions?.delete(session);
    if (sessions?.size === 0) channels?.delete(channel);
    if (channels?.size === 0) this.#workers.delete(worker);
    return true;
  }

  /** Those by other workers. */
  others(worker: Worker, channel: string): readonly Member[] {
    const here = [...(this.#channels.get(channel)?.values() ?? [])];
    return here.flatMap((present) => (present.worker === worker ? [] : [present.member]));
  }

  /** Where the worker has members, as they are now. */
  of(worker: Worker): readonly (readonly [channel: string, sessions: readonly SessionId[]])[] {
    return [...(this.#workers.get(worker) ?? [])].map(([channel, sessions]) => [channel, [...sessions]] as const);
  }
}

function entryOf<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
