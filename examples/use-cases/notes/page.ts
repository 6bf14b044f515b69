// A text that all who have it open write at once, with or without a connection.
import { createClient } from "@tidewire/client";
import * as Y from "yjs";
import { load, toBytes, toText, updates } from "./channels.ts";

const [area, status] = [document.querySelector("textarea"), document.querySelector("[role=status]")];
if (!area || !status) throw new Error("the page is not whole");
const note = new Y.Doc();
const text = note.getText("note");
const client = createClient({ url: "/connection/websocket" });
const log = client.channel(updates);
const unsent: Uint8Array[] = [];
let sending = Promise.resolve();
let isWhole = false;

function show(): void {
  const line = log.status.kind === "live" ? "Live" : "No connection: go on writing";
  if (status) status.textContent = unsent.length > 0 ? `${line} · not sent yet` : line;
}

/** What is typed while one is on its way goes out as one. A publish outlives any cut, and counts once. */
function send(): void {
  show();
  sending = sending.then(async () => {
    const count = unsent.length;
    if (count === 0) return;
    const sent = log.publish(toText(Y.mergeUpdates(unsent))).then(() => unsent.splice(0, count));
    await sent.then(show, () => void setTimeout(send, 2_000));
  });
}

note.on("update", (update: Uint8Array, origin: unknown) => {
  if (origin !== log) unsent.push(update);
  send();
});

/** Takes in what others wrote, and leaves the caret where it was in the text. */
const take = (update: Uint8Array): void => {
  const caret = [area.selectionStart, area.selectionEnd].map((at) => Y.createRelativePositionFromTypeIndex(text, at));
  Y.applyUpdate(note, update, log);
  if (area.value === text.toJSON()) return;
  area.value = text.toJSON();
  const [start = 0, end = 0] = caret.map((at) => Y.createAbsolutePositionFromRelativePosition(at, note)?.index ?? 0);
  area.setSelectionRange(start, end);
};

area.addEventListener("input", () => {
  // By characters: nobody's update has half of one.
  const [before, after] = [Array.from(text.toJSON()), Array.from(area.value)];
  let [start, end] = [0, 0];
  while (start < after.length && before[start] === after[start]) start += 1;
  while (end < Math.min(before.length, after.length) - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const at = before.slice(0, start).join("").length;
  note.transact(() => {
    text.delete(at, before.slice(start, before.length - end).join("").length);
    text.insert(at, after.slice(start, after.length - end).join(""));
  });
});

/** Gets the whole, and gives back what the server does not have, should it have lost its memory. */
const begin = async (): Promise<void> => {
  isWhole = true;
  const whole = toBytes(await client.call(load, undefined));
  take(whole);
  if (!area.disabled) unsent.push(Y.encodeStateAsUpdate(note, Y.encodeStateVectorFromUpdate(whole)));
  area.disabled = false;
  send();
};

log.onPublication(({ data }) => take(toBytes(data)));
log.onGap(() => (isWhole = false));
log.onState(({ kind }) => {
  show();
  if (kind === "live" && !isWhole) begin().catch(() => (isWhole = false));
});
log.open();
client.connect();
