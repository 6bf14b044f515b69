// Where clients find a server: whichever node is ready, in turn. Each new socket asks anew, as behind a balancer.
import WebSocket from "ws";

export interface Address {
  readonly host: string;
  readonly port: number;
}

const lookMs = 200;
const lookLimitMs = 1_000;
/** A node that accepts and says nothing is left again. */
const handshakeMs = 5_000;

export class Addresses {
  readonly #all: readonly Address[];
  readonly #ready = new Set<Address>();
  readonly #timer: NodeJS.Timeout;
  #turn = 0;

  /** @param all One address is not asked whether it is ready. */
  constructor(all: readonly Address[]) {
    this.#all = all;
    this.#timer = setInterval(() => {
      for (const each of this.#all) this.#look(each);
    }, lookMs);
    if (all.length === 1) clearInterval(this.#timer);
  }

  /** Of the next socket. */
  url(): string {
    const open = this.#ready.size > 0 ? [...this.#ready] : this.#all;
    const { host, port } = open[this.#turn % open.length] ?? { host: "127.0.0.1", port: 0 };
    this.#turn += 1;
    return `ws://${host}:${port}/connection/websocket`;
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #look(address: Address): void {
    const answer = fetch(`http://${address.host}:${address.port}/health/ready`, {
      signal: AbortSignal.timeout(lookLimitMs),
      headers: { connection: "close" },
    });
    answer.then(
      ({ ok }) => (ok ? this.#ready.add(address) : this.#ready.delete(address)),
      () => this.#ready.delete(address),
    );
  }
}

/** What an official SDK takes as its platform's WebSocket: the address that it is given is not asked. */
export function socketTo(addresses: Addresses): object {
  return class extends WebSocket {
    constructor() {
      super(addresses.url(), { handshakeTimeout: handshakeMs });
    }
  };
}
