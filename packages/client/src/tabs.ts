// The door "@tidewire/client/tabs": a client whose connection is that of all tabs, in a shared worker.

import { type Channel, ChannelHandle } from "./channel.ts";
import { type Client, type ClientOptions, createClient } from "./client.ts";
import { randomKey, systemRandom } from "./clock.ts";
import { PortTransport } from "./tabs/port-transport.ts";
import type { TabsWorker } from "./tabs/words.ts";
import { webSocketTransport } from "./transports/websocket.ts";

export type { Port, TabsWorker } from "./tabs/words.ts";

/** What a client that shares its connection is made of. */
export interface TabsClientOptions extends ClientOptions {
  /**
   * Makes the worker. Bundlers find its script where it is written out:
   * `() => new SharedWorker(new URL("./tabs-worker.ts", import.meta.url), { type: "module" })`. Where it throws, as where
   * there are no shared workers, the tab has a connection of its own.
   */
  readonly worker: () => TabsWorker;
  /** Tabs with another one have another connection: the user, where tabs may be of different users. Default: "". */
  readonly group?: string;
}

/**
 * Makes a client that shares its connection with the other tabs of its origin; it is used as any other. What the server
 * lets one connection do, such as its rate of publishes, is shared too.
 */
export function createTabsClient(options: TabsClientOptions): Client {
  const {
    data,
    group = "",
    name = "tidewire",
    random = systemRandom,
    token = "",
    transport = webSocketTransport,
  } = options;
  const fetchToken = async (): Promise<string> => (typeof token === "string" ? token : await token());
  const page = typeof location === "undefined" ? undefined : location.href;
  const shared = new PortTransport({
    worker: options.worker,
    own: transport,
    line: { url: new URL(options.url, page).href.replace(/^http/, "ws"), name, data, group, hasToken: token !== "" },
    lock: `tidewire-tab ${randomKey(random)}`,
    fetchToken,
    up: () => retry(),
  });
  const client = createClient({
    ...options,
    transport: shared,
    // Of a connection that is shared the worker asks for it, of whichever tab lives.
    ...(token !== "" && { token: () => shared.token() }),
  });
  const retry = client.retry.bind(client);
  // What a worker has to know of, and no command says.
  const channel = client.channel.bind(client) as (...given: Parameters<Client["channel"]>) => Channel;
  const close = client.close.bind(client);
  const told = (...given: Parameters<Client["channel"]>): Channel => {
    const handle = channel(...given);
    if (handle instanceof ChannelHandle) shared.tellMode(handle.name, handle.subscription.traits.mode ?? "stream");
    return handle;
  };
  // Its overloads are those of the one it wraps.
  client.channel = told as Client["channel"];
  client.close = () => {
    close();
    shared.leave();
  };
  client.retry = () => {
    shared.retry();
    retry();
  };
  return client;
}
