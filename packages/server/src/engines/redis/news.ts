// What is announced on a lane: publications, ends of epochs, and beacons that say where the lane's counter stands.
import type { Publication } from "../../engine/engine.ts";
import { type MemberNews, memberNewsIn } from "../members/member-news.ts";
import { publicationIn } from "../records.ts";

/** Which counter it is, and where it stands. */
export interface Count {
  readonly generation: string;
  readonly number: number;
  /** Whether it was counted itself; else the number is that of what went before. */
  readonly isOwn: boolean;
}

export type News =
  | { readonly kind: "beacon"; readonly count: Count }
  /** The channel's epoch has ended. */
  | { readonly kind: "ended"; readonly count: Count; readonly channel: string }
  | {
      readonly kind: "member";
      readonly count: Count;
      readonly channel: string;
      /** `null` for what no node has said. */
      readonly news: () => MemberNews | null;
    }
  | {
      readonly kind: "published";
      readonly count: Count;
      readonly channel: string;
      readonly epoch: string;
      /** Read only where somebody wants it; `null` for what nobody can have published. */
      readonly publication: () => Publication | null;
    };

const longestLine = 250;
const line = /^([pecbm]) ([\w~-]{1,64}) (\d{1,16}) ([\w~.-]{1,128}) (\d{1,4})$/;

/** `null` for what no script has said. */
export function newsIn(message: Buffer): News | null {
  const end = message.indexOf(10);
  if (end < 0 || end > longestLine) return null;
  const found = line.exec(message.toString("latin1", 0, end));
  if (found === null) return null;
  const [, kind = "", generation = "", numberText = "", epoch = "", bytesText = ""] = found;
  const number = Number(numberText);
  const channelEnd = end + 1 + Number(bytesText);
  if (!Number.isSafeInteger(number) || channelEnd > message.length) return null;
  const isKept = kind === "p";
  const count = { generation, number, isOwn: isKept || kind === "c" || kind === "m" };
  if (kind === "b") return { kind: "beacon", count };
  const channel = message.toString("utf8", end + 1, channelEnd);
  if (kind === "c") return { kind: "ended", count, channel };
  if (kind === "m") return { kind: "member", count, channel, news: () => memberNewsIn(message.subarray(channelEnd)) };
  const publication = (): Publication | null => {
    const known = publicationIn(message.subarray(channelEnd));
    return known !== null && known.offset > 0 === isKept ? known : null;
  };
  return { kind: "published", count, channel, epoch, publication };
}
