// The WebSocket code of the usual tutorial, unchanged but for the port: an effect that opens, sends and shows.
import { expect, test } from "vitest";
import { greeting, serve } from "./serving.ts";

/** What React calls: mounting runs the effect, unmounting what the effect returned. */
interface Component {
  readonly shown: string[];
  mount(): () => void;
}

function chat(port: number): Component {
  const shown: string[] = [];
  return {
    shown,
    mount: () => {
      const socket = new WebSocket(`ws://localhost:${port}`);
      socket.onopen = () => {
        socket.send("Hello Server!");
      };
      socket.onmessage = (event: MessageEvent<string>) => {
        shown.push(event.data);
      };
      return () => {
        socket.close();
      };
    },
  };
}

test("a component shows the greeting and what it said; a second one sees both talk", async () => {
  const { port, tide } = await serve({ rootChannel: "lobby", greetings: { lobby: greeting } });
  const [first, second] = [chat(port), chat(port)];
  const unmountFirst = first.mount();
  await expect.poll(() => first.shown).toEqual([greeting, "Hello Server!"]);
  const unmountSecond = second.mount();
  await expect.poll(() => second.shown).toEqual([greeting, "Hello Server!"]);
  await expect.poll(() => first.shown).toEqual([greeting, "Hello Server!", "Hello Server!"]);
  unmountFirst();
  unmountSecond();
  await expect.poll(() => tide.stats()).toMatchObject({ connections: 0, sessions: 0, subscriptions: 0 });
});

test("mounted twice at once, as StrictMode does: one connection is left, and it works", async () => {
  const { port, tide } = await serve({ rootChannel: "lobby", greetings: { lobby: greeting } });
  const component = chat(port);
  component.mount()();
  const unmount = component.mount();
  await expect.poll(() => component.shown).toEqual([greeting, "Hello Server!"]);
  await expect.poll(() => tide.stats().connections).toBe(1);
  unmount();
  await expect.poll(() => tide.stats().connections).toBe(0);
});
