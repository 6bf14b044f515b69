// The server's limits as settings: their names in a file, and what each bounds.
import { defaultLimits, type Limits } from "@tidewire/server";
import { durationText } from "./duration.ts";
import { duration, type Group, group, integer, type Leaf } from "./field.ts";

/** By the names of the file; `null`: the server's own default. */
export type LimitValues = Readonly<Record<string, number | null>>;

const about: Readonly<Record<keyof Limits, string>> = {
  messageBytes: "Bytes of one message from a client, or of one body to /raw/{channel}",
  requestBodyBytes: "Bytes of one request body of the server API",
  unansweredRequests: "Requests of one connection that have no answer yet",
  fragments: "Fragments of one message",
  pendingPongs: "Pings of a client whose pongs wait for it to take them",
  commandsPerFrame: "Commands in one frame",
  jsonDepth: "Nesting of JSON from a client",
  jsonKeys: "Keys of one JSON object from a client",
  channelsPerConnection: "Subscriptions of one connection",
  controlFrames: "Replies and events that wait for one connection",
  controlBytes: "Bytes of them",
  replyBytes: "Bytes of one reply",
  watermarkBytes: "Bytes that wait for one socket, above which its subscriptions wait",
  pageBytes: "Bytes of publications that one turn gives to one connection",
  firstCommandMs: "From the upgrade to the first command, or from a request to the end of its body",
  pingIntervalMs: "Between pings",
  pongTimeoutMs: "That a pong may take",
  expiryGraceMs: "That a connection or a subscription stays after its time is over",
  stalledMs: "That a slow reader may go without taking a byte",
  closeTimeoutMs: "For the closing handshake",
  drainMs: "Over which a stop spreads the closing of connections",
  connections: "Open connections; without it nine tenths of the files that the process may open",
  connectionsPerAddress: "Open connections of one public address",
  newPerAddressPerSecond: "New connections of one public address in a second",
  newPerSecond: "New connections in a second; above, they queue",
  admissionQueue: "Connections in that queue",
  admissionQueueMs: "That a connection waits in it",
  connectionsPerUser: "Connections of one user",
  subscribesPerSecond: "Subscribes of one connection in a second",
  subscribeBurst: "The same, in a burst",
  publishesPerSecond: "Publishes of one connection in a second",
  publishBurst: "The same, in a burst",
  publishBytesPerSecond: "Bytes that one connection publishes in a second",
  userPublishesPerSecond: "Publishes of all connections of one user in a second",
  userPublishBurst: "Of them at once",
  refusalsInARow: "Refusals in a row for being too fast, after which the connection is closed",
  callsPerSecond: "Calls of one connection in a second",
  callBurst: "The same, in a burst",
  callsPerConnection: "Calls of one connection that have not ended",
  callDeadlineMs: "That a call may take",
  membersShown: "Members shown by presence",
  memberBytes: "Bytes of what one member shows",
  tailBytes: "Memory of one channel's newest publications, in bytes",
  tailsBytes: "Memory of them all together, in bytes; without it a quarter of the machine's, at most 1 GiB",
  publicationBytes: "Bytes of one publication",
  lingerMs: "That a channel stays after its last subscriber",
  historyReads: "History reads at a time",
  historyPublications: "Publications of one history request",
};

/** Whose defaults depend on the machine; examples of them. */
const byMachine: Partial<Readonly<Record<keyof Limits, number>>> = { connections: 10_000, tailsBytes: 268_435_456 };

const names = Object.keys(about) as (keyof Limits)[];

/** `pingIntervalMs` is `ping_interval`: durations say their unit themselves. */
const inFile = (name: string): string =>
  // Without its unit this one would be the name of another.
  name
    .replace(/QueueMs$/, "QueueTime")
    .replace(/Ms$/, "")
    .replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export const limitTable: Group<LimitValues> = group(
  "Limits. 0 and negative numbers are refused, never read as without limit.",
  Object.fromEntries(names.map((name) => [inFile(name), leafOf(name)])),
);

function leafOf(name: keyof Limits): Leaf<number | null> {
  const isDuration = name.endsWith("Ms");
  const ofMachine = byMachine[name];
  const known = ofMachine ?? defaultLimits[name];
  const example = isDuration ? durationText(known) : known;
  const rest = ofMachine === undefined ? ` Default: ${example}.` : "";
  const said = { about: `${about[name]}.${rest}`, example };
  // The server has the defaults.
  return (isDuration ? duration(said) : integer(said, [1, Number.MAX_SAFE_INTEGER])) as Leaf<number | null>;
}

export function limitsOf(values: LimitValues): Partial<Limits> {
  const given = names.flatMap((name) => {
    const value = values[inFile(name)] ?? null;
    return value === null ? [] : [[name, value] as const];
  });
  return Object.fromEntries(given);
}
