// What every test of the client needs: a server on a real port, a clock that stands still, a page to go offline.
import { afterEach, expect } from "vitest";
import {
  type Cancel,
  type Client,
  type ClientOptions,
  type ConnectionState,
  createClient,
  type Page,
  type PageChange,
} from "../src/index.ts";
import { FakeClock } from "./fake-clock.ts";
import { ScriptedServer } from "./scripted-server.ts";

export class FakePage implements Page {
  online = true;
  visible = true;
  readonly #watchers = new Set<(change: PageChange) => void>();

  get watchers(): number {
    return this.#watchers.size;
  }

  isOnline(): boolean {
    return this.online;
  }

  isVisible(): boolean {
    return this.visible;
  }

  watch(changed: (change: PageChange) => void): Cancel {
    const watcher = (change: PageChange): void => changed(change);
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  become(change: PageChange): void {
    if (change === "online" || change === "offline") this.online = change === "online";
    else this.visible = change === "visible";
    for (const watcher of this.#watchers) watcher(change);
  }
}

export interface Stage {
  readonly server: ScriptedServer;
  readonly clock: FakeClock;
  readonly page: FakePage;
  readonly client: Client;
  /** What listeners of the application threw. */
  readonly errors: unknown[];
}

const open: Stage[] = [];

/** A client that has not connected yet, and its server. Both end with the test, which then checks that no timer is left. */
export async function setStage(options: Partial<ClientOptions> = {}): Promise<Stage> {
  const server = await ScriptedServer.start();
  const clock = new FakeClock();
  const page = new FakePage();
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const client = createClient({ url: server.url, clock, page, random: () => 0.5, onError, ...options });
  const stage = { server, clock, page, client, errors };
  open.push(stage);
  return stage;
}

afterEach(async () => {
  for (const { client, clock, page, server } of open.splice(0)) {
    client.close();
    expect(clock.size).toBe(0);
    expect(page.watchers).toBe(0);
    await server.stop();
  }
});

/** Resolves with the state as soon as it is of this kind. */
export function reaches<Kind extends ConnectionState["kind"]>(
  client: Client,
  kind: Kind,
): Promise<ConnectionState & { readonly kind: Kind }> {
  return holds(client.onState, () => {
    const { state } = client;
    return state.kind === kind ? (state as ConnectionState & { readonly kind: Kind }) : null;
  });
}

/** Resolves with what `read` gives as soon as that is not `null`, looking again at each event. */
export function holds<Value>(listen: (listener: () => void) => Cancel, read: () => Value | null): Promise<Value> {
  return new Promise((resolve) => {
    const stop = listen(() => look());
    function look(): void {
      const value = read();
      if (value === null) return;
      stop();
      resolve(value);
    }
    look();
  });
}

/** Connects, and resolves when the client says so. */
export async function connected(stage: Stage): Promise<Stage> {
  stage.client.connect();
  await reaches(stage.client, "connected");
  return stage;
}

/** Resolves when everything the server has sent so far was taken in by the client, and the other way round. */
export async function quiet({ client, server }: Stage): Promise<void> {
  const asked = server.all("rpc").length;
  const answer = client.call({ method: "test.quiet", inputSchema: null, outputSchema: null }, asked);
  await answer;
}
