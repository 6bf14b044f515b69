// The hooks in a real browser, with React's development build and StrictMode: what is sent, and what is rendered when.
import { type Client, createClient } from "@tidewire/client";
import type { LatestTable } from "@tidewire/client/latest";
import { defineCall, defineChannel } from "@tidewire/protocol";
import { memo, type ReactNode, StrictMode, useEffect, useState } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { PageClock, PageServer } from "../test/page-server.ts";
import {
  type ChannelView,
  TidewireProvider,
  useCall,
  useChannel,
  useClient,
  useConnection,
  useLatest,
  useLatestKey,
  useLatestKeys,
  useNewestCall,
  usePresence,
} from "./index.ts";

const chat = defineChannel("chat:{room}", { presence: true });
const numbers = defineChannel("feed:numbers");
const quotes = defineChannel("market:{venue}", { mode: "latest", key: String });
const sum = defineCall("sum");

let server: PageServer;
let clock: PageClock;
let client: Client;
let root: Root;
let box: HTMLElement;

beforeEach(() => {
  server = new PageServer();
  clock = new PageClock();
  client = createClient({ url: "ws://page.test", transport: server, clock, random: () => 0.5 });
  box = document.body.appendChild(document.createElement("main"));
  root = createRoot(box);
});

afterEach(() => {
  root.unmount();
  client.close();
  box.remove();
});

function show(children: ReactNode): void {
  root.render(
    <StrictMode>
      <TidewireProvider client={client}>{children}</TidewireProvider>
    </StrictMode>,
  );
}

/** Resolves when the page reads as expected. */
function reads(text: string): Promise<void> {
  return new Promise((resolve) => {
    const observer = new MutationObserver(() => look());
    function look(): void {
      if (box.textContent !== text) return;
      observer.disconnect();
      resolve();
    }
    observer.observe(box, { childList: true, characterData: true, subtree: true });
    look();
  });
}

function frame(): Promise<number> {
  return new Promise((resolve) => requestAnimationFrame(resolve));
}

function Room({ name }: { readonly name: string }): ReactNode {
  const { publications, status } = useChannel(chat, { room: name });
  return `${status.kind}: ${publications.map(({ data }) => String(data)).join(" ")}`;
}

test("StrictMode's mount, unmount and mount opens one socket and one subscription", async () => {
  show(<Room name="lobby" />);
  await reads("live: ");
  clock.advance(1_000);
  await client.call(sum, 1);
  expect(server.upgrades).toBe(1);
  expect(server.all("connect")).toHaveLength(1);
  expect(server.all("subscribe")).toHaveLength(1);
  expect(server.all("unsubscribe")).toHaveLength(0);
  server.publish("chat:lobby", 1, "hello");
  await reads("live: hello");
});

test("publications render once a frame, in order", async () => {
  let renders = 0;
  function Feed(): ReactNode {
    const { publications } = useChannel(numbers, { keep: 5 });
    renders++;
    return publications.map(({ data }) => String(data)).join(" ");
  }
  show(<Feed />);
  await server.hears("subscribe");
  await client.call(sum, 1);
  await frame();
  await frame();
  renders = 0;
  for (let offset = 1; offset <= 500; offset++) server.publish("feed:numbers", offset);
  await reads("496 497 498 499 500");
  // StrictMode renders everything twice.
  expect(renders).toBeLessThanOrEqual(2);
});

test("parameters written anew in every render do not subscribe again; other ones do", async () => {
  show(<Room name="a" />);
  await reads("live: ");
  server.publish("chat:a", 1, "first");
  await reads("live: first");
  for (let count = 0; count < 10; count++) {
    show(<Room name="a" />);
    await frame();
  }
  expect(server.all("subscribe")).toHaveLength(1);
  show(<Room name="b" />);
  expect(await server.hears("subscribe", 2)).toMatchObject({ channel: "chat:b" });
  await reads("live: ");
  clock.advance(50);
  expect(await server.hears("unsubscribe")).toEqual({ channel: "chat:a" });
  server.publish("chat:b", 1, "second");
  await reads("live: second");
});

test("components that name the same channel share its subscription, and the last one ends it", async () => {
  show([<Room key="1" name="a" />, " ", <Room key="2" name="a" />]);
  await reads("live:  live: ");
  server.publish("chat:a", 1, "x");
  await reads("live: x live: x");
  show([<Room key="1" name="a" />]);
  await reads("live: x");
  clock.advance(1_000);
  await client.call(sum, 1);
  expect(server.all("unsubscribe")).toHaveLength(0);
  show(null);
  await reads("");
  await frame();
  clock.advance(50);
  await server.hears("unsubscribe");
  expect(server.all("subscribe")).toHaveLength(1);
});

test("what a hook returns stays the same until something changes", async () => {
  const seen: ChannelView[] = [];
  function Feed({ count }: { readonly count: number }): ReactNode {
    const view = useChannel(numbers);
    seen.push(view);
    return `${view.status.kind} ${count}`;
  }
  show(<Feed count={0} />);
  await reads("live 0");
  const before = seen.at(-1);
  show(<Feed count={1} />);
  await reads("live 1");
  expect(seen.at(-1)).toBe(before);
  server.publish("feed:numbers", 1);
  await frame();
  await frame();
  const after = seen.at(-1);
  expect(after).not.toBe(before);
  expect(after?.publish).toBe(before?.publish);
  expect(after?.pause).toBe(before?.pause);
});

test("onPublication is the newest function, and needs no new subscription", async () => {
  const heard: string[] = [];
  function Listener({ tag }: { readonly tag: string }): ReactNode {
    useChannel(numbers, { keep: 0, onPublication: ({ data }) => heard.push(`${tag}${String(data)}`) });
    return tag;
  }
  show(<Listener tag="a" />);
  await server.hears("subscribe");
  await client.call(sum, 1);
  server.publish("feed:numbers", 1);
  show(<Listener tag="b" />);
  await reads("b");
  await frame();
  server.publish("feed:numbers", 2);
  expect(heard).toEqual(["a1", "b2"]);
  expect(server.all("subscribe")).toHaveLength(1);
});

test("pause and resume are shown and told to the server", async () => {
  function Feed(): ReactNode {
    const { isPaused, pause, resume, status } = useChannel(numbers);
    return (
      <button type="button" onClick={isPaused ? resume : pause}>
        {`${status.kind} ${String(isPaused)}`}
      </button>
    );
  }
  show(<Feed />);
  await reads("live false");
  box.querySelector("button")?.click();
  await reads("paused true");
  box.querySelector("button")?.click();
  await reads("live false");
  expect(server.all("rpc").map(({ method }) => method)).toEqual(["tide.pause", "tide.resume"]);
});

function setKey(offset: number, key: string, data: unknown = offset): void {
  server.push("market:x", { pub: { data, offset, key } });
}

const ratesTold = (): unknown[] =>
  server.all("rpc").flatMap(({ method, data }) => (method === "tide.rate" ? (data as { rate: unknown }).rate : []));

test("a latest channel shows the newest value of each key, once a frame, with one subscription in StrictMode", async () => {
  let renders = 0;
  function Table(): ReactNode {
    const { isStale, keys, table } = useLatest(quotes, { venue: "x" });
    renders++;
    return `${isStale ? "stale" : "fresh"} ${keys.map((key) => `${key}${String(table.get(key)?.data)}`).join(" ")}`;
  }
  show(<Table />);
  await server.hears("subscribe");
  await client.call(sum, 1);
  await frame();
  await frame();
  renders = 0;
  for (let offset = 1; offset <= 500; offset++) setKey(offset, offset % 2 === 0 ? "a" : "b");
  await reads("fresh b499 a500");
  // StrictMode renders everything twice.
  expect(renders).toBeLessThanOrEqual(2);
  server.push("market:x", { pub: { data: null, offset: 501, key: "b", removed: true } });
  await reads("fresh a500");
  clock.advance(1_000);
  await client.call(sum, 1);
  expect(server.all("subscribe")).toHaveLength(1);
  expect(server.all("unsubscribe")).toHaveLength(0);
});

test("a row renders when its own key changes, and the list when keys come and go", async () => {
  const renders: string[] = [];
  function Row({ table, name }: { readonly table: LatestTable; readonly name: string }): ReactNode {
    renders.push(name);
    return `${name}${String(useLatestKey(table, name)?.data)} `;
  }
  const MemoRow = memo(Row);
  function List(): ReactNode {
    const { keys, table } = useLatestKeys(quotes, { venue: "x" });
    renders.push("list");
    return keys.map((key) => <MemoRow key={key} table={table} name={key} />);
  }
  show(<List />);
  await server.hears("subscribe");
  await client.call(sum, 1);
  setKey(1, "a");
  setKey(2, "b");
  await reads("a1 b2 ");
  renders.length = 0;
  setKey(3, "b");
  await reads("a1 b3 ");
  expect(new Set(renders)).toEqual(new Set(["b"]));
  renders.length = 0;
  setKey(4, "c");
  await reads("a1 b3 c4 ");
  expect(new Set(renders)).toEqual(new Set(["list", "c"]));
});

test("another rate is told to the server without a new subscription, and renders no row; the highest counts", async () => {
  const renders: string[] = [];
  function Row({ table }: { readonly table: LatestTable }): ReactNode {
    renders.push("row");
    return String(useLatestKey(table, "a")?.data);
  }
  const MemoRow = memo(Row);
  function List({ rate }: { readonly rate: number }): ReactNode {
    const { keys, table } = useLatestKeys(quotes, { venue: "x" }, { rate });
    return keys.map((key) => <MemoRow key={key} table={table} />);
  }
  show(<List rate={5} />);
  expect(await server.hears("subscribe")).toMatchObject({ tide: { rate: 5 } });
  await client.call(sum, 1);
  setKey(1, "a");
  await reads("1");
  renders.length = 0;
  show(<List rate={10} />);
  await server.hears("rpc", 2);
  show([<List key="1" rate={10} />, <List key="2" rate={2} />]);
  await reads("11");
  show([<List key="1" rate={10} />, <List key="2" rate={30} />]);
  await server.hears("rpc", 3);
  clock.advance(1_000);
  await client.call(sum, 1);
  expect(ratesTold()).toEqual([10, 30]);
  expect(server.all("subscribe")).toHaveLength(1);
  expect(server.all("unsubscribe")).toHaveLength(0);
});

test("the state of the connection is shown", async () => {
  function State(): ReactNode {
    return useConnection().kind;
  }
  show(<State />);
  await reads("connected");
  server.drop(1006);
  await reads("waiting");
  clock.advance(750);
  await reads("connected");
  server.drop(3503);
  await reads("closed");
});

test("members come and go", async () => {
  server.present.set("s1", { client: "s1", user: "ann" });
  function Members(): ReactNode {
    const { count, members, status } = usePresence(chat, { room: "lobby" });
    return `${status} ${count}: ${members.map(({ user }) => user).join(" ")}`;
  }
  show(<Members />);
  await reads("ready 1: ann");
  server.push("chat:lobby", { join: { info: { client: "s2", user: "bob" } } });
  await reads("ready 2: ann bob");
  server.push("chat:lobby", { leave: { info: { client: "s1", user: "ann" } } });
  await reads("ready 1: bob");
  expect(server.all("subscribe")).toHaveLength(1);
});

test("a call is a function that stays the same", async () => {
  const functions = new Set<unknown>();
  function Total(): ReactNode {
    const [total, setTotal] = useState("none");
    const call = useCall(sum);
    functions.add(call);
    return (
      <button type="button" onClick={() => void call([1, 2]).then((result) => setTotal(JSON.stringify(result)))}>
        {total}
      </button>
    );
  }
  show(<Total />);
  await reads("none");
  box.querySelector("button")?.click();
  await reads('{"method":"sum","input":[1,2],"epoch":"e1","offset":1}');
  expect(functions.size).toBe(1);
});

/** The calls that came, and what was canceled. */
const asked = (): unknown[] =>
  server.all("rpc").map(({ method, data }) => (method === "tide.cancel" ? "cancel" : data));

function Search({ words }: { readonly words: string }): ReactNode {
  const { ask, isPending } = useNewestCall(sum);
  const [found, setFound] = useState("nothing");
  useEffect(() => {
    ask(words).then(
      () => setFound(words),
      (error: Error) => error.name === "AbortError" || setFound(String(error)),
    );
  }, [ask, words]);
  return `${found}${isPending ? " …" : ""}`;
}

test("of newest calls the next one cancels the one before, and its answer is the one that counts", async () => {
  server.silentOn = "slow";
  show(<Search words="slow" />);
  await reads("nothing …");
  await server.hears("rpc");
  show(<Search words="fast" />);
  await reads("fast");
  const all = asked();
  expect(all.slice(all.lastIndexOf("slow"))).toEqual(["slow", "cancel", "fast"]);
  // StrictMode mounts twice: what the first mount asked was canceled by its end, before it was sent or after.
  expect(all.filter((words) => words === "cancel")).toHaveLength(all.filter((words) => words === "slow").length);
});

test("a newest call is canceled when its component goes", async () => {
  server.silentOn = "slow";
  show(<Search words="slow" />);
  await reads("nothing …");
  const before = await server.hears("rpc").then(() => asked().length);
  show(null);
  await server.hears("rpc", before + 1);
  expect(asked().at(-1)).toBe("cancel");
});

test("without a provider the hooks say what is missing", async () => {
  const errors: unknown[] = [];
  const other = createRoot(document.createElement("div"), { onUncaughtError: (error) => void errors.push(error) });
  function Lost(): ReactNode {
    useClient();
    return null;
  }
  other.render(<Lost />);
  await frame();
  await frame();
  expect(String(errors[0])).toContain("<TidewireProvider>");
  other.unmount();
});
