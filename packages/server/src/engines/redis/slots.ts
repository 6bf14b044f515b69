// Which server of a cluster has a key: slots, and what the servers say of them.
import { type Address, addressOf } from "./address.ts";

export const slotCount = 16_384;

/** Of a name with a hash tag, as all of ours are; Redis' own rule is the same for them. */
export function slotOf(key: string): number {
  const start = key.indexOf("{");
  return crc16(key.slice(start + 1, key.indexOf("}", start))) % slotCount;
}

/** XMODEM, of text in ASCII. */
function crc16(text: string): number {
  let crc = 0;
  for (let index = 0; index < text.length; index += 1) {
    crc ^= text.charCodeAt(index) << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
    crc &= 0xffff;
  }
  return crc;
}

/** Who has which slots, as `CLUSTER SLOTS` says it. @param saidBy The host of the server that answered: one that does not know its own address is there. */
export function ownersIn(reply: unknown, saidBy: string): ReadonlyMap<number, Address> {
  const owners = new Map<number, Address>();
  for (const range of listOf(reply)) {
    const [from, to, owner] = listOf(range);
    const address = placeIn(owner, saidBy);
    if (address === null) continue;
    for (let slot = Number(from); slot <= Math.min(Number(to), slotCount - 1); slot += 1) owners.set(slot, address);
  }
  return owners;
}

function placeIn(node: unknown, saidBy: string): Address | null {
  const [host, port] = listOf(node);
  const named = typeof host === "string" ? host : "";
  return addressOf(named === "" || named === "?" ? saidBy : named, port);
}

/** Where a slot is, by an error such as `MOVED 3999 127.0.0.1:6381`; `null` for any other. */
export function movedIn(message: string, saidBy: string): Address | null {
  const [, host = "", port] = /^-?MOVED \d+ (\S*):(\d+)$/.exec(message) ?? [];
  return addressOf(host === "" || host === "?" ? saidBy : host, port);
}

/** Whether a cluster serves, by its `CLUSTER INFO`; how often it has changed, where it does. */
export function changesIn(info: unknown): number | null {
  const text = String(info);
  const [, changes] = /^cluster_current_epoch:(\d+)/m.exec(text) ?? [];
  return /^cluster_state:ok/m.test(text) ? Number(changes) : null;
}

/** Servers that stand behind others, by `CLUSTER NODES`; `CLUSTER SLOTS` leaves out those that were given nothing yet. */
export function replicasIn(nodes: unknown): number {
  return [...String(nodes).matchAll(/^\S+ \S+ (?:\S+,)?slave[, ]/gm)].length;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}
