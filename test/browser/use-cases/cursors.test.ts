// Cursors: where somebody points is seen by others, by name, not too often, and not for longer than it is true.
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { eventually, expectGoodLooks, withExample } from "./example.ts";

const example = withExample("cursors");

async function person(name: string, hue: number) {
  const window = await example.window();
  await window.page.evaluate((me) => sessionStorage.setItem("person", me), JSON.stringify({ name, hue }));
  await window.page.reload();
  await here(window.page, name).waitFor();
  return window;
}

const here = (page: Page, name: string) => page.getByRole("listitem").filter({ hasText: name });
const pointer = (page: Page, name: string) => page.locator(".pointer").filter({ hasText: name });

async function pointAt(page: Page, x: number, y: number): Promise<void> {
  const box = await page.locator("#board").boundingBox();
  if (box === null) throw new Error("the board is not shown");
  await page.mouse.move(box.x + x * box.width, box.y + y * box.height);
}

/** Where the pointer is shown, in parts of the board. */
async function placeOf(page: Page, name: string): Promise<readonly number[]> {
  const translate = await pointer(page, name).evaluate((element: HTMLElement) => element.style.translate);
  return translate.split(" ").map((part) => Math.round(Number.parseFloat(part)));
}

test("two point at a board: each sees the other's pointer, until they leave", async () => {
  const [ada, bob] = [await person("Ada", 20), await person("Bob", 200)];
  await bob.page.getByText("2 here").waitFor();
  await pointAt(ada.page, 0.25, 0.5);
  await pointAt(ada.page, 0.75, 0.5);
  await eventually(() => placeOf(bob.page, "Ada")).toEqual([75, 50]);
  expect(await pointer(ada.page, "Ada").count()).toBe(0);

  // Idle it fades, and a move takes that back.
  const fading = pointer(bob.page, "Ada").locator(".person");
  await fading.evaluate((element) => element.getAnimations().forEach((animation) => animation.finish()));
  const opacity = () => fading.evaluate((element) => Number(getComputedStyle(element).opacity));
  expect(await opacity()).toBe(0);
  await pointAt(ada.page, 0.5, 0.25);
  await eventually(() => placeOf(bob.page, "Ada")).toEqual([50, 25]);
  await eventually(opacity).toBe(1);
  await pointer(bob.page, "Ada").evaluate((element) => {
    for (const idle of element.getAnimations({ subtree: true })) {
      idle.currentTime = 0;
      idle.pause();
    }
  });
  await expectGoodLooks(bob.page, "cursors");

  await bob.cut();
  await bob.page.getByText("No connection: nobody sees you").waitFor();
  await eventually(() => here(ada.page, "Bob").count()).toBe(0);
  await bob.mend();
  await bob.page.getByText("2 here").waitFor();
  await pointAt(ada.page, 0.1, 0.1);
  await eventually(() => placeOf(bob.page, "Ada")).toEqual([10, 10]);
  await ada.context.close();
  await eventually(() => bob.page.locator(".pointer").count()).toBe(0);
  await bob.page.getByText("1 here").waitFor();
});

test("a hundred moves within a frame are one publication, of the last", async () => {
  const ada = await person("Ada", 20);
  const bob = await person("Bob", 200);
  await bob.page.getByText("2 here").waitFor();
  const sent: string[] = [];
  ada.page.on("websocket", (socket) =>
    socket.on("framesent", ({ payload }) => {
      if (String(payload).includes("tide.publish")) sent.push(String(payload));
    }),
  );
  await ada.page.reload();
  await bob.page.getByText("2 here").waitFor();
  await ada.page.getByText("2 here").waitFor();
  await ada.page.evaluate(() => {
    const board = document.querySelector("#board");
    const box = board?.getBoundingClientRect();
    if (!board || !box) return;
    for (let step = 1; step <= 100; step += 1) {
      const [clientX, clientY] = [box.x + (box.width * step) / 200, box.y + box.height / 2];
      board.dispatchEvent(new PointerEvent("pointermove", { clientX, clientY, bubbles: true }));
    }
  });
  await eventually(() => placeOf(bob.page, "Ada")).toEqual([50, 50]);
  expect(sent).toHaveLength(1);
});

test("of a pointer that moves in every frame, some thirty places a second are published, and the last", async () => {
  const [ada, bob] = [await person("Ada", 20), await person("Bob", 200)];
  await Promise.all([ada, bob].map(({ page }) => page.getByText("2 here").waitFor()));
  const sentMs = await ada.page.evaluate(async () => {
    const frame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve));
    const frames: number[] = [];
    // oxlint-disable-next-line typescript/unbound-method -- called with the socket it was called on.
    const { send } = WebSocket.prototype;
    WebSocket.prototype.send = function (this: WebSocket, data) {
      // The frame's own time: how late its work is done does not count.
      if (typeof data === "string" && data.includes("tide.publish")) frames.push(Number(document.timeline.currentTime));
      send.call(this, data);
    };
    const board = document.querySelector("#board");
    const box = board?.getBoundingClientRect() ?? new DOMRect();
    for (let step = 1; step <= 60; step += 1) {
      const [clientX, clientY] = [box.x + (box.width * step) / 120, box.y + box.height / 2];
      board?.dispatchEvent(new PointerEvent("pointermove", { clientX, clientY, bubbles: true }));
      await frame();
    }
    return frames;
  });
  const pausesMs = sentMs.slice(1).map((atMs, index) => atMs - (sentMs[index] ?? 0));
  expect(pausesMs.length).toBeGreaterThan(2);
  expect(Math.min(...pausesMs)).toBeGreaterThan(1_000 / 30 - 3);
  await eventually(() => placeOf(bob.page, "Ada")).toEqual([50, 50]);
});
