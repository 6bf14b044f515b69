// Mutations: each makes one thing wrong in a history that is right, and names the verdict that must be found.
import type { Dice } from "../world/dice.ts";
import type { HistoryRecord, RecordOf, Verdict } from "./records.ts";

export type History = readonly HistoryRecord[];

export interface Mutation {
  readonly name: string;
  readonly verdict: Verdict;
  /** The history with one thing wrong; `null` where it has no place for that. */
  readonly mutate: (history: History, dice: Dice) => History | null;
}

type Site = (record: HistoryRecord, place: number, history: History) => boolean;

/** Changes the history at some place where it can. */
function at(dice: Dice, history: History, site: Site): number | null {
  const places = history.flatMap((record, place) => (site(record, place, history) ? [place] : []));
  return places.length === 0 ? null : dice.pick(places);
}

function change(history: History, place: number, ...records: readonly HistoryRecord[]): History {
  return history.toSpliced(place, 1, ...records);
}

function simple(
  verdict: Verdict,
  name: string,
  {
    site,
    to,
  }: { readonly site: Site; readonly to: (record: never, place: number, history: History) => readonly HistoryRecord[] },
): Mutation {
  return {
    name,
    verdict,
    mutate: (history, dice) => {
      const place = at(dice, history, site);
      const record = place === null ? undefined : history[place];
      return place === null || record === undefined
        ? null
        : change(history, place, ...to(record as never, place, history));
    },
  };
}

type Deliver = RecordOf<"deliver">;

const isDelivery = (record: HistoryRecord): record is Deliver => record.kind === "deliver" && record.op !== "";
const isStream: Site = (record, _, history) =>
  isDelivery(record) && modeOf(history, channelOf(history, record.life)) === "stream";

function channelOf(history: History, life: string): string {
  const begin = history.find((record) => record.kind === "subscribe" && record.life === life);
  return begin?.kind === "subscribe" ? begin.channel : "";
}

function modeOf(history: History, channel: string): string {
  const known = history.find((record) => record.kind === "channel" && record.channel === channel);
  return known?.kind === "channel" ? known.mode : "";
}

/** What comes next for the same life. */
function next(history: History, place: number, step = 1): HistoryRecord | undefined {
  const record = history[place];
  const life = record !== undefined && "life" in record ? record.life : null;
  let left = step;
  return history.slice(place + 1).find((other) => "life" in other && other.life === life && (left -= 1) === 0);
}

function before(history: History, place: number): HistoryRecord | undefined {
  const record = history[place];
  const life = record !== undefined && "life" in record ? record.life : null;
  return history.slice(0, place).findLast((other) => "life" in other && other.life === life);
}

/** In this epoch: after a crash what was kept of a log stands in the next one once more. */
const isAcked = (history: History, { op, position }: RecordOf<"append">): boolean =>
  history.some((record) => record.kind === "ack" && record.op === op && record.position?.epoch === position.epoch);
const nothing: readonly HistoryRecord[] = [];

export const mutations: readonly Mutation[] = [
  simple("lost", "an acked publication is not in the log", {
    site: (record, _, history) => record.kind === "append" && record.op !== "" && isAcked(history, record),
    to: () => nothing,
  }),
  simple("duplicate", "a publication is handed over twice", {
    site: isDelivery,
    to: (record: Deliver) => [record, record],
  }),
  simple("duplicate", "a publication is in the log twice", {
    site: (record, place, history) =>
      record.kind === "append" && record.op !== "" && !history.slice(place + 1).some(({ kind }) => kind === "append"),
    to: (record: RecordOf<"append">) => {
      const { epoch, offset } = record.position;
      return [record, { ...record, position: { epoch, offset: offset + 1 }, previous: offset }];
    },
  }),
  {
    name: "two publications change places",
    verdict: "reorder",
    mutate: (history, dice) => {
      const place = at(
        dice,
        history,
        (record, here) => isStream(record, here, history) && next(history, here)?.kind === "deliver",
      );
      const first = place === null ? undefined : history[place];
      const second = place === null ? undefined : next(history, place);
      if (place === null || first === undefined || second === undefined) return null;
      return history.toSpliced(history.indexOf(second) + 1, 0, first).toSpliced(place, 1);
    },
  },
  simple("skip", "a publication is left out", {
    site: (record, place, history) =>
      isStream(record, place, history) &&
      next(history, place)?.kind === "deliver" &&
      before(history, place)?.kind === "deliver",
    to: () => nothing,
  }),
  simple("ghost", "somebody is given what nobody published", {
    site: isDelivery,
    to: (record: Deliver) => [{ ...record, op: "nobody-1" }],
  }),
  simple("ghost", "a publish that is in the log is rejected", {
    site: (record, place, history) =>
      record.kind === "ack" &&
      history.slice(0, place).some((other) => other.kind === "append" && other.op === record.op) &&
      history.filter((other) => other.kind === "invoke" && other.op === record.op).length === 1,
    to: (record: RecordOf<"ack">) => [{ kind: "reject", op: record.op, reason: "denied" }],
  }),
  simple("offset_reuse", "two publications have one place in the log", {
    site: (record) => record.kind === "append" && record.op !== "",
    to: (record: RecordOf<"append">) => [
      { kind: "invoke", op: "other-1", by: "other", channel: record.channel },
      record,
      { ...record, op: "other-1" },
    ],
  }),
  simple("offset_reuse", "a publication comes under the place of another", {
    site: (record, place, history) => isStream(record, place, history) && before(history, place)?.kind === "deliver",
    to: (record: Deliver, place, history) => {
      const earlier = before(history, place);
      return [{ ...record, position: earlier?.kind === "deliver" ? earlier.position : null }];
    },
  }),
  simple("false_recovered", "what follows the promise that nothing is missing is missing", {
    site: (record, place, history) => {
      const last = before(history, place);
      const isPromise =
        last?.kind === "reply" && last.recovered && before(history, history.indexOf(last))?.kind === "deliver";
      return isStream(record, place, history) && isPromise && next(history, place)?.kind === "deliver";
    },
    to: () => nothing,
  }),
  simple("needless_unrecovered", "a place that is retained is given up", {
    site: (record, place, history) => {
      if (record.kind !== "reply" || !record.recovered || record.position === null) return false;
      const channel = channelOf(history, record.life);
      const hasForgotten = history.slice(0, place).some((other) => other.kind === "floor" && other.channel === channel);
      return before(history, place)?.kind === "deliver" && modeOf(history, channel) === "stream" && !hasForgotten;
    },
    to: ({ life, position }: RecordOf<"reply">) => [
      { kind: "gap", life, to: position },
      { kind: "reply", life, recovered: false, position },
    ],
  }),
  {
    name: "a publication comes on another channel",
    verdict: "cross_channel",
    mutate: (history, dice) => {
      const place = at(dice, history, isDelivery);
      const record = place === null ? undefined : history[place];
      if (place === null || record?.kind !== "deliver") return null;
      const ended = new Set(
        history
          .slice(0, place)
          .flatMap((other) => (other.kind === "unsubscribe" || other.kind === "refused" ? [other.life] : [])),
      );
      const others = history.slice(0, place).filter((other) => other.kind === "subscribe" && !ended.has(other.life));
      const foreign = others.find(
        (other) => other.kind === "subscribe" && other.channel !== channelOf(history, record.life),
      );
      return foreign?.kind === "subscribe" ? change(history, place, record, { ...record, life: foreign.life }) : null;
    },
  },
  simple("unauthorised", "somebody is given what he may not read", {
    site: isDelivery,
    to: (record: Deliver, _, history) => {
      const begin = history.find((other) => other.kind === "subscribe" && other.life === record.life);
      const user = begin?.kind === "subscribe" ? begin.user : "";
      return [{ kind: "rule", user, channel: channelOf(history, record.life), may: false }, record];
    },
  }),
  simple("after_unsubscribe", "a publication comes after the end", {
    site: (record, place, history) => record.kind === "unsubscribe" && before(history, place)?.kind === "deliver",
    to: (record: RecordOf<"unsubscribe">, place, history) => {
      const last = before(history, place);
      return last === undefined ? [record] : [record, last];
    },
  }),
  simple("stuck", "the last publication does not come", {
    site: (record, place, history) =>
      isStream(record, place, history) && next(history, place) === undefined && history.at(-1)?.kind === "settled",
    to: () => nothing,
  }),
];
