// What nodes on one NATS say to each other of members: who came or left, counted by lane, and who is there when it is asked.
import type { Member } from "@tidewire/protocol";
import { crc32 } from "node:zlib";
import { encodeMemberNews, type MemberNews, memberNewsIn, memberOf } from "../members/member-news.ts";

/** Nodes of different versions have to agree on it. */
const laneCount = 256;

export function memberLaneOf(channel: string): number {
  return crc32(channel) % laneCount;
}

/** How often a node has said something of members, by lane; 0 where a lane is not in it. */
export type LaneCounts = ReadonlyMap<number, number>;

/** One of the things that a node says of its members. */
export interface MemberWord {
  /** It is the lane's so-manieth of its node. */
  readonly count: number;
  readonly channel: string;
  readonly news: MemberNews;
}

/** Who is at a node: an answer to a question for channels of one lane. */
export interface MemberList {
  /** Where the lane stands at that node. */
  readonly count: number;
  /** Of each channel, in the order asked; fewer than were asked for where it would be too much. */
  readonly members: readonly (readonly Member[])[];
}

/** Of an answer; it ends with the channel that exceeds it. */
const fullListBytes = 2 * 1_024 * 1_024;
const mostChannels = 10_000;
const longestLine = 40;
const wordLine = /^(\d{1,15}) (\d{1,4})$/;

export function encodeMemberWord({ count, channel, news }: MemberWord): Buffer {
  return Buffer.from(`${count} ${Buffer.byteLength(channel)}\n${channel}${encodeMemberNews(news)}`);
}

/** `null` for what no node has said. */
export function memberWordIn(given: Uint8Array): MemberWord | null {
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  const end = bytes.indexOf(10);
  if (end < 0 || end > longestLine) return null;
  const [, count, length] = wordLine.exec(bytes.toString("latin1", 0, end)) ?? [];
  if (count === undefined) return null;
  const channelEnd = end + 1 + Number(length);
  if (channelEnd > bytes.length) return null;
  const news = memberNewsIn(bytes.subarray(channelEnd));
  return news && { count: Number(count), channel: bytes.toString("utf8", end + 1, channelEnd), news };
}

export function encodeCounts(counts: LaneCounts): string {
  return [...counts].map(([lane, count]) => `${lane}:${count}`).join(",");
}

/** `null` for what no node has said. */
export function countsIn(text: string): LaneCounts | null {
  const counts = new Map<number, number>();
  for (const pair of text === "" ? [] : text.split(",", laneCount + 1)) {
    const [, lane, count] = /^(\d{1,3}):(\d{1,15})$/.exec(pair) ?? [];
    if (lane === undefined || Number(lane) >= laneCount || counts.size === laneCount) return null;
    counts.set(Number(lane), Number(count));
  }
  return counts;
}

/** @param channels Of one lane. */
export function encodeWho(channels: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(channels));
}

/** `null` for what no node has asked. */
export function whoIn(bytes: Uint8Array): readonly string[] | null {
  const asked = parsed(bytes);
  if (!Array.isArray(asked) || asked.length === 0 || asked.length > mostChannels) return null;
  const names = asked.filter((name): name is string => typeof name === "string");
  const lanes = new Set(names.map(memberLaneOf));
  return names.length === asked.length && lanes.size === 1 ? names : null;
}

export function encodeList(count: number, channels: Iterable<Iterable<Member>>): Buffer {
  const lists: string[] = [];
  let bytes = 0;
  for (const members of channels) {
    if (bytes > fullListBytes) break;
    const list = JSON.stringify([...members]);
    bytes += list.length;
    lists.push(list);
  }
  return Buffer.from(`{"count":${count},"members":[${lists.join(",")}]}`);
}

/** `null` for what no node has answered. @param asked How many channels. */
export function listIn(bytes: Uint8Array, asked: number): MemberList | null {
  const { count, members } = Object(parsed(bytes)) as Readonly<Record<string, unknown>>;
  if (!Number.isSafeInteger(count) || !Array.isArray(members)) return null;
  if (members.length === 0 || members.length > asked) return null;
  const lists: Member[][] = [];
  for (const list of members as readonly unknown[]) {
    if (!Array.isArray(list)) return null;
    const sound = list.map(memberOf).filter((member) => member !== null);
    if (sound.length < list.length) return null;
    lists.push(sound);
  }
  return { count: Number(count), members: lists };
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch {
    return null;
  }
}
