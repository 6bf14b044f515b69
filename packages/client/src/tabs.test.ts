// Tabs at the ports of their worker: who is alive, what is fallen back on, and when the connection ends.
import { afterEach, expect, onTestFinished, test } from "vitest";
import { FakeClock } from "../test/fake-clock.ts";
import { ScriptedServer } from "../test/scripted-server.ts";
import { FakePage, reaches } from "../test/stage.ts";
import { createTabsClient, type TabsWorker } from "./tabs.ts";
import { type Port, tabServer } from "./tabs-worker.ts";
import type { FromTab, LineOptions, ToTab } from "./tabs/words.ts";

const servers: ScriptedServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function started(): Promise<ScriptedServer> {
  const server = await ScriptedServer.start();
  servers.push(server);
  return server;
}

/** A tab that says what a test wants of it, and nothing else. */
class RawTab {
  readonly heard: ToTab[] = [];
  readonly #port: MessagePort;
  #look = (): void => undefined;

  constructor(serve: (port: Port<unknown>) => void) {
    const { port1, port2 } = new MessageChannel();
    onTestFinished(() => port1.close());
    this.#port = port1;
    port1.onmessage = ({ data }: MessageEvent<ToTab>) => {
      this.heard.push(data);
      this.#look();
    };
    serve(port2 as unknown as Port<unknown>);
  }

  say(message: FromTab): void {
    this.#port.postMessage(message);
  }

  /** Resolves with the first that is so. */
  hears<Kind extends ToTab["kind"]>(kind: Kind): Promise<ToTab & { readonly kind: Kind }> {
    return new Promise((resolve) => {
      this.#look = () => {
        const found = this.heard.find((message) => message.kind === kind);
        if (found !== undefined) resolve(found as ToTab & { readonly kind: Kind });
      };
      this.#look();
    });
  }
}

const lineTo = ({ url }: ScriptedServer): LineOptions => ({ url, name: "t", data: null, group: "", hasToken: false });

const connects = (tab: RawTab, server: ScriptedServer): void => {
  tab.say({ kind: "open", link: 1, line: lineTo(server), lock: null });
  tab.say({ kind: "frame", link: 1, text: '{"id":1,"connect":{}}' });
};

test("a tab without locks is asked whether it lives, and the connection of one that says nothing ends", async () => {
  const server = await started();
  const clock = new FakeClock();
  const serve = tabServer({ clock, page: new FakePage() });
  const [silent, alive] = [new RawTab(serve), new RawTab(serve)];
  for (const tab of [silent, alive]) connects(tab, server);
  await Promise.all([silent.hears("frame"), alive.hears("frame")]);
  const passes = async (tabs: readonly RawTab[]): Promise<void> => {
    // The server's own sign of life.
    server.link.send({});
    await server.until(() => server.all("pong").length > pongs);
    pongs = server.all("pong").length;
    clock.advance(20_000);
    for (const tab of tabs) {
      tab.heard.length = 0;
      tab.say({ kind: "alive" });
      tab.say({ kind: "open", link: 2, line: lineTo(server), lock: null });
      await tab.hears("opened");
    }
  };
  let pongs = 0;
  for (let round = 0; round < 5; round += 1) await passes([alive]);
  expect(server.upgrades).toBe(1);
  silent.heard.length = 0;
  alive.say({ kind: "leave" });
  // Were the silent one still counted, it would keep the connection.
  await server.links[0]?.closed;
  expect(silent.heard).toEqual([]);
});

test("without shared workers, or when the script cannot be had, a tab has a connection of its own", async () => {
  const server = await started();
  const broken: TabsWorker = { port: { postMessage: () => undefined, onmessage: null }, onerror: null };
  const makers: (() => TabsWorker)[] = [
    () => {
      throw new ReferenceError("SharedWorker is not defined");
    },
    () => broken,
  ];
  for (const [index, worker] of makers.entries()) {
    const clock = new FakeClock();
    const token = (): Promise<string> => Promise.resolve("a token");
    const client = createTabsClient({ url: server.url, worker, token, clock, page: new FakePage() });
    client.connect();
    if (index === 1) {
      while (broken.onerror === null) await Promise.resolve();
      broken.onerror(undefined as never);
      await reaches(client, "waiting");
      clock.advance(2_000);
    }
    await reaches(client, "connected");
    expect(server.upgrades).toBe(index + 1);
    expect(server.all("connect").at(-1)).toMatchObject({ token: "a token" });
    client.close();
  }
});
