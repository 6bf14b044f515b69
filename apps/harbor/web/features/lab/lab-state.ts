// What the lab knows: the story of the line as both sides tell it, the numbers that came, and what is set on it. Pure.
import type { ConnectionState, SubscriptionStatus } from "@tidewire/client";
import type { ActiveFault, LineEvent } from "../../../contract/lab.ts";
import { type Happening, happeningsOf, type LogEntry } from "../../connection/event-log.ts";
import { serverHappening } from "./line-words.ts";
import { emptyCheck, type NumberCheck, settle } from "./number-check.ts";
import { backAgain, caughtUp, lost, numberCame, type Outage, sessionOpened } from "./outages.ts";

export type Plant = "loss" | "repeat";

export interface LabState {
  /** By time. */
  readonly entries: readonly LogEntry[];
  readonly lastEntryId: number;
  readonly active: readonly ActiveFault[];
  readonly outages: readonly Outage[];
  readonly check: NumberCheck;
  /** What is done to the next number, between the wire and the check. */
  readonly armed: readonly Plant[];
  /** Whether something was planted since the check began. */
  readonly isPlanted: boolean;
  /** The newest number that came on the wire; 0 before the first. */
  readonly newest: number;
  /** How late the latest number was, of those that came since the check began. */
  readonly latestMs: number;
  /** What the line's connection was when it was last looked at. */
  readonly seen: ConnectionState | null;
  /** How far the server's clock seems to be behind this page's. `null` until it said something. */
  readonly behindMs: number | null;
}

export const emptyLab: LabState = {
  entries: [],
  lastEntryId: 0,
  active: [],
  outages: [],
  check: emptyCheck,
  armed: [],
  isPlanted: false,
  newest: 0,
  latestMs: 0,
  seen: null,
  behindMs: null,
};

export type LabAction =
  /** The line begins anew: what comes on it does not join what came before. */
  | { readonly type: "begin" }
  | { readonly type: "connection"; readonly state: ConnectionState; readonly atMs: number }
  | { readonly type: "channel"; readonly status: SubscriptionStatus; readonly atMs: number }
  | { readonly type: "gap" }
  | { readonly type: "came"; readonly number: number; readonly madeAtMs: number; readonly atMs: number }
  | { readonly type: "listed"; readonly from: number; readonly numbers: readonly number[] }
  | {
      readonly type: "server";
      readonly entry: {
        readonly atMs: number;
        readonly number: number;
        readonly event: LineEvent;
        readonly active: readonly ActiveFault[];
      };
      readonly atMs: number;
    }
  | { readonly type: "active"; readonly active: readonly ActiveFault[] }
  | { readonly type: "did"; readonly what: string; readonly atMs: number }
  | { readonly type: "plant"; readonly plant: Plant }
  | { readonly type: "clear" };

export function labReducer(lab: LabState, action: LabAction): LabState {
  switch (action.type) {
    case "begin":
      return { ...cleared(lab), outages: [], newest: 0, seen: null };
    case "clear":
      return cleared(lab);
    case "connection":
      return connectionChanged(lab, action.state, action.atMs);
    case "channel":
      return channelChanged(lab, action.status, action.atMs);
    case "gap":
      return { ...lab, check: { ...lab.check, toldAfter: [...lab.check.toldAfter, lab.newest] } };
    case "came":
      return came(lab, action);
    case "listed":
      return { ...lab, check: settle(withListed(lab.check, action.from, action.numbers)) };
    case "server":
      return heard(lab, action);
    case "active":
      return { ...lab, active: action.active };
    case "did":
      return noted(lab, [{ side: "page", tone: "yours", text: action.what }], action.atMs);
    case "plant":
      return { ...lab, armed: [...lab.armed, action.plant] };
  }
}

/** The number from which the server's list is wanted next; `null` as long as nothing came. */
export function listWanted({ here, list }: NumberCheck): number | null {
  const first = here[0];
  return first === undefined ? null : (list.at(-1) ?? first - 1) + 1;
}

function cleared(lab: LabState): LabState {
  return { ...lab, check: emptyCheck, armed: [], isPlanted: false, latestMs: 0 };
}

function connectionChanged(lab: LabState, state: ConnectionState, atMs: number): LabState {
  if (state === lab.seen) return lab;
  const isLost = lab.seen?.kind === "connected";
  const told = noted({ ...lab, seen: state }, ownHappenings(state, lab.seen?.kind ?? "idle"), atMs);
  return isLost ? { ...told, outages: lost(told.outages, told.newest, atMs) } : told;
}

/** Of what the server did it tells itself; here is what this page saw. */
function ownHappenings(state: ConnectionState, before: ConnectionState["kind"]): readonly Happening[] {
  if (state.kind === "connected") return [{ side: "page", tone: "good", text: "Is connected" }];
  return happeningsOf(state, before);
}

function channelChanged(lab: LabState, status: SubscriptionStatus, atMs: number): LabState {
  if (status.kind !== "live") return lab;
  const isFirst = lab.newest === 0;
  const said = isFirst
    ? "Lets this page listen, from here on"
    : status.recovered
      ? `Says that nothing is missing since number ${lab.newest}`
      : `Says that it cannot go on from number ${lab.newest}: too much has passed`;
  const tone = isFirst || status.recovered ? "good" : "bad";
  return noted({ ...lab, outages: backAgain(lab.outages, atMs) }, [{ side: "server", tone, text: said }], atMs);
}

function came(lab: LabState, { number, madeAtMs, atMs }: { number: number; madeAtMs: number; atMs: number }): LabState {
  const handed = lab.armed.includes("loss") ? [] : lab.armed.includes("repeat") ? [number, number] : [number];
  const isPlant = handed.length !== 1;
  const next: LabState = {
    ...lab,
    check: { ...lab.check, here: [...lab.check.here, ...handed] },
    armed: isPlant ? lab.armed.toSpliced(lab.armed.indexOf(handed.length === 0 ? "loss" : "repeat"), 1) : lab.armed,
    isPlanted: lab.isPlanted || isPlant,
    newest: Math.max(lab.newest, number),
    latestMs: Math.max(lab.latestMs, atMs - onOurClock(lab, madeAtMs)),
    outages: numberCame(lab.outages, number),
  };
  const planted: readonly Happening[] = isPlant
    ? [
        {
          side: "page",
          tone: "yours",
          text: `Number ${number} was ${handed.length === 0 ? "kept from" : "given twice to"} the check`,
        },
      ]
    : [];
  return noted(next, [...planted, ...caughtUp(lab.outages, next.outages)], atMs);
}

/** An answer to a question that was asked before the check began anew is dropped. */
function withListed(check: NumberCheck, from: number, numbers: readonly number[]): NumberCheck {
  if (from !== listWanted(check) || numbers.length === 0) return check;
  return { ...check, list: [...check.list, ...numbers] };
}

function heard(lab: LabState, { entry, atMs }: Extract<LabAction, { type: "server" }>): LabState {
  const behindMs = Math.min(lab.behindMs ?? Number.POSITIVE_INFINITY, atMs - entry.atMs);
  const next = { ...lab, behindMs, active: entry.active };
  const told = noted(next, [serverHappening(entry.event, entry.number)], onOurClock(next, entry.atMs));
  if (entry.event.kind !== "session") return told;
  const outages = sessionOpened(told.outages, entry.number);
  // All of them may have come before we were told how many they are.
  return noted({ ...told, outages }, caughtUp(told.outages, outages), atMs);
}

/** Clocks this close count as the same; what comes late from a clock that is right must not shift it. */
const sameClockMs = 2_000;

function onOurClock({ behindMs }: LabState, serverMs: number): number {
  return behindMs === null || Math.abs(behindMs) < sameClockMs ? serverMs : serverMs + behindMs;
}

const entriesKept = 300;

/** What the server tells comes late when the ordinary connection was broken too, and still stands where it belongs. */
function noted(lab: LabState, happenings: readonly Happening[], atMs: number): LabState {
  if (happenings.length === 0) return lab;
  let id = lab.lastEntryId;
  const added = happenings.map((happening) => ({ ...happening, id: ++id, atMs }));
  const isNewest = (lab.entries.at(-1)?.atMs ?? 0) <= atMs;
  const all = [...lab.entries, ...added];
  const entries = isNewest ? all : all.toSorted((one, other) => one.atMs - other.atMs);
  return { ...lab, lastEntryId: id, entries: entries.slice(-entriesKept) };
}
