// Points where you point, thirty times a second at most, and shows where everybody else does.
import { createClient } from "@tidewire/client";
import { membersOf } from "@tidewire/client/members";
import { board, person } from "./channels.ts";

const names = ["Heron", "Otter", "Curlew", "Seal", "Tern", "Plover", "Eider", "Gannet"];
const pauseMs = 1_000 / 30;

/** Kept in the tab: a reload and a new connection are the same person. */
function whoAmI() {
  const kept = person.safeParse(JSON.parse(sessionStorage.getItem("person") ?? "null"));
  if (kept.success) return kept.data;
  const made = { name: names[Math.floor(Math.random() * names.length)] ?? "", hue: Math.floor(Math.random() * 360) };
  sessionStorage.setItem("person", JSON.stringify(made));
  return made;
}

const [area, list, status] = ["#board", "#people", "[role=status]"].map((name) =>
  document.querySelector<HTMLElement>(name),
);
if (!area || !list || !status) throw new Error("the page is not whole");
const client = createClient({ url: "/connection/websocket", data: whoAmI() });
const channel = client.channel(board, { name: "main" });
const pointers = new Map<string, HTMLElement>();

function badge(info: unknown, tag: "li" | "div") {
  const { name, hue } = person.parse(info);
  const element = document.createElement(tag);
  element.innerHTML = '<span class="person"></span>';
  element.style.setProperty("--hue", String(hue));
  element.firstElementChild?.append(name);
  return element;
}

channel.onPublication(({ author, data }) => {
  const { state } = client;
  if (author === null || (state.kind === "connected" && author.session === state.session)) return;
  const pointer = pointers.get(author.session) ?? badge(author.info, "div");
  pointers.set(author.session, pointer);
  pointer.className = "pointer";
  pointer.style.translate = `${data.x * 100}cqw ${data.y * 100}cqh`;
  if (!pointer.isConnected) area.append(pointer);
  // Fading begins anew with every move.
  for (const fading of pointer.getAnimations({ subtree: true }))
    if (fading instanceof CSSAnimation) fading.currentTime = 0;
});

const members = membersOf(channel);
members.subscribe(() => {
  const { members: here, count, status: how } = members.getSnapshot();
  status.textContent = how === "ready" ? `${count} here` : "No connection: nobody sees you";
  if (how !== "ready") return;
  list.replaceChildren(...here.map(({ info }) => badge(info, "li")));
  const sessions = new Set(here.map(({ session }) => session));
  for (const [session, pointer] of pointers) {
    if (sessions.has(session)) continue;
    pointer.remove();
    pointers.delete(session);
  }
});

let next: { readonly x: number; readonly y: number } | null = null;
let sentMs = 0;

/** With a frame; of all moves since the last the newest counts, and it is sent at most once: a newer one follows. */
function send(nowMs: number) {
  if (next === null) return;
  // Frames are not exactly as long as they should be.
  if (nowMs - sentMs < pauseMs - 2) return void requestAnimationFrame(send);
  if (channel.status.kind === "live") channel.publish(next, { timeoutMs: 1_000 }).catch(() => undefined);
  [next, sentMs] = [null, nowMs];
}

area.addEventListener("pointermove", ({ offsetX, offsetY }) => {
  if (next === null) requestAnimationFrame(send);
  const within = (part: number) => Math.round(Math.min(1, Math.max(0, part)) * 10_000) / 10_000;
  next = { x: within(offsetX / area.clientWidth), y: within(offsetY / area.clientHeight) };
});
client.connect();
