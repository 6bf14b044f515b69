// The log's hook in a real browser, under StrictMode.
import { createClient } from "@tidewire/client";
import { defineChannel } from "@tidewire/protocol";
import { type ReactNode, StrictMode, useEffect } from "react";
import { createRoot } from "react-dom/client";
import { expect, onTestFinished, test } from "vitest";
import { PageClock, PageServer } from "../test/page-server.ts";
import { TidewireProvider, useLog } from "./index.ts";

const chat = defineChannel("chat:{room}");

/** Resolves when the page reads as expected. */
function reads(box: HTMLElement, text: string): Promise<void> {
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

test("a log begins with history, once under StrictMode, goes on with what comes, and reads older ones", async () => {
  const server = new PageServer();
  const client = createClient({ url: "ws://page.test", transport: server, clock: new PageClock(), random: () => 0.5 });
  const box = document.body.appendChild(document.createElement("main"));
  const root = createRoot(box);
  onTestFinished(() => {
    root.unmount();
    client.close();
    box.remove();
  });
  server.top = 9;
  let older: () => void = () => undefined;
  function Log(): ReactNode {
    const log = useLog(chat, { room: "lobby" }, { newest: 3 });
    useEffect(() => {
      older = log.older;
    });
    return `${log.hasOlder}: ${log.publications.map(({ data }) => String(data)).join(" ")}`;
  }
  root.render(
    <StrictMode>
      <TidewireProvider client={client}>
        <Log />
      </TidewireProvider>
    </StrictMode>,
  );
  await reads(box, "true: 7 8 9");
  server.publish("chat:lobby", 10);
  await reads(box, "true: 7 8 9 10");
  expect([server.all("subscribe").length, server.all("history").length]).toEqual([1, 1]);
  older();
  await reads(box, "true: 4 5 6 7 8 9 10");
  older();
  await reads(box, "false: 1 2 3 4 5 6 7 8 9 10");
});
