// Tabs of a Chromium with a screen, which it hides and freezes as it does for people.
//
// Headless Chromium calls every page visible and freezes none that is. So does Playwright, which has each page believe that it
// is in front, wherever that is: behind another tab, and with focus emulation off again, a page's timers went on at their pace,
// frozen or not, and an idle override changed nothing. Nobody but these tests speaks to this Chromium.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromiumLaunch } from "../../tools/chromium-launch.ts";

/** A display without a screen; `undefined` where there is none to be had. */
export const xvfbPath: string | undefined = process.env["TIDEWIRE_XVFB"];

export interface Tab {
  /** What an expression comes to in the page; promises are waited for. */
  evaluate<Result>(expression: string): Promise<Result>;
  /** Resolves when an expression comes to something true. */
  until(expression: string): Promise<void>;
  /** Puts it before the others, which are hidden then. */
  bringToFront(): Promise<void>;
  /** What Chromium does to a tab that nobody has looked at for minutes: none of its tasks runs any more. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
}

export interface Tabs {
  open(url: string): Promise<Tab>;
  /** Ends the browser and its display. */
  close(): Promise<void>;
}

export async function openTabs(programs: { readonly chromium: string; readonly xvfb: string }): Promise<Tabs> {
  const screen = spawn(programs.xvfb, ["-displayfd", "3", "-screen", "0", "1280x800x24", "-nolisten", "tcp"], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const display = await said(screen, screen.stdio[3] as NodeJS.ReadableStream, /(\d+)\n/);
  const profile = mkdtempSync(path.join(tmpdir(), "tidewire-tabs-"));
  const { chromiumSandbox, args } = chromiumLaunch(programs.chromium);
  const ours = ["--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"];
  const browser = spawn(programs.chromium, [...args, ...(chromiumSandbox ? [] : ["--no-sandbox"]), ...ours], {
    env: { ...process.env, DISPLAY: `:${display}` },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const protocol = await Protocol.open(await said(browser, browser.stderr, /DevTools listening on (\S+)/));
  return {
    open: (url) => openTab(protocol, url),
    close: async () => {
      await protocol.ask("Browser.close");
      for (const process of [browser, screen]) await ended(process);
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

async function openTab(protocol: Protocol, url: string): Promise<Tab> {
  const { targetId } = await protocol.ask<{ targetId: string }>("Target.createTarget", { url: "about:blank" });
  const attaching = { targetId, flatten: true };
  const { sessionId } = await protocol.ask<{ sessionId: string }>("Target.attachToTarget", attaching);
  const evaluate = async <Result>(expression: string): Promise<Result> => {
    const asked = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await protocol.ask<Evaluated>("Runtime.evaluate", asked, sessionId);
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${exceptionDetails.exception?.description}`);
    return result.value as Result;
  };
  await protocol.ask("Page.enable", {}, sessionId);
  const loaded = protocol.next("Page.loadEventFired", sessionId);
  await protocol.ask("Page.navigate", { url }, sessionId);
  await loaded;
  const become = async (state: "frozen" | "active"): Promise<void> => {
    await protocol.ask("Page.setWebLifecycleState", { state }, sessionId);
  };
  return {
    evaluate,
    until: async (expression) => {
      while (!(await evaluate<boolean>(`Boolean(${expression})`))) await evaluate(nextFrame);
    },
    bringToFront: async () => await protocol.ask("Target.activateTarget", { targetId }),
    freeze: async () => await become("frozen"),
    thaw: async () => await become("active"),
  };
}

/** Or a while later in a tab that draws nothing. */
const nextFrame = "new Promise((resolve) => { requestAnimationFrame(resolve); setTimeout(resolve, 50); })";

interface Evaluated {
  readonly result: { readonly value?: unknown };
  readonly exceptionDetails?: { readonly exception?: { readonly description?: string } };
}

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly sessionId?: string;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** The DevTools protocol on one socket. */
class Protocol {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #events = new Map<string, () => void>();
  #count = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#take(JSON.parse(String(data)) as Answer));
    socket.addEventListener("close", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("the browser has gone"));
    });
  }

  static async open(url: string): Promise<Protocol> {
    const socket = new WebSocket(url);
    await once(socket, "open");
    return new Protocol(socket);
  }

  ask<Result>(method: string, params: object = {}, sessionId?: string): Promise<Result> {
    const id = (this.#count += 1);
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    return waiting.promise as Promise<Result>;
  }

  /** Resolves at the next event of that name. */
  next(method: string, sessionId: string): Promise<void> {
    return new Promise((resolve) => this.#events.set(`${method} ${sessionId}`, resolve));
  }

  #take({ id, method, sessionId, result, error }: Answer): void {
    this.#events.get(`${method} ${sessionId}`)?.();
    const waiting = id === undefined ? undefined : this.#waiting.get(id);
    if (id === undefined || waiting === undefined) return;
    this.#waiting.delete(id);
    if (error === undefined) waiting.resolve(result);
    else waiting.reject(new Error(error.message));
  }
}

/** What a pattern's group has of what a process says. @throws when it ends before that. */
async function said(process: ChildProcess, stream: NodeJS.ReadableStream, pattern: RegExp): Promise<string> {
  let text = "";
  return await new Promise((resolve, reject) => {
    process.once("error", reject);
    process.once("exit", () => reject(new Error(`it ended before it was ready: ${text}`)));
    stream.on("data", (given: Buffer) => {
      text += String(given);
      const found = pattern.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
}

async function ended(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  process.kill("SIGTERM");
  await once(process, "exit");
}
