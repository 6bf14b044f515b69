// The plan of one run, drawn from its seed: how large the world is, how small its limits, which faults befall it.
import { type ChannelDefinition, defineChannel, type StandardSchema } from "@tidewire/protocol";
import type { Limits } from "../../packages/server/src/options.ts";
import type { Loss } from "../engine/store.ts";
import type { Payload } from "./client.ts";
import type { Dice } from "./dice.ts";
import { type FaultName, faultNames } from "./fault-names.ts";

export interface Plan {
  readonly nodes: number;
  readonly clients: number;
  readonly channels: readonly ChannelDefinition[];
  readonly limits: Partial<Limits>;
  /** What a crash of the store takes with it. */
  readonly loss: Loss;
  readonly faults: readonly FaultName[];
  /** Milliseconds between two faults, at most. */
  readonly calmMs: number;
  readonly busyMs: number;
  /** Between two steps of one client, at most. */
  readonly stepMs: number;
  readonly latencyMs: number;
  readonly windowBytes: number;
  readonly fillBytes: number;
  /** Pulls a second that applications ask for; `null`: as often as it changes. */
  readonly rates: readonly (number | null)[];
  /** Milliseconds a token is good for; `null`: for good. */
  readonly tokenMs: number | null;
  /** Milliseconds an access rule may think. */
  readonly thinkMs: number;
  /** How likely the connect rule subscribes somebody to a channel that he may read. */
  readonly giving: number;
}

/**
 * What an engine takes back under the same epoch, against its contract, is told by the id of the last publication, where
 * there is one: a page that was loaded again knows its place alone, a table passes over what was superseded, and of a
 * history that has expired nothing can be compared. Where it goes back none of the three is promised anything.
 */
const forgetful: ReadonlySet<FaultName> = new Set(["page reload", "crash while handling"]);

const payload: StandardSchema<Payload> = {
  "~standard": {
    version: 1,
    vendor: "simulation",
    validate: (value) => ({ value: value as Payload }),
  },
};

/** A channel that half of the users may not read, and the others by the connect rule's word alone. */
const secret = "secret";

export function mayRead(user: string, channel: string): boolean {
  return channel !== secret || Number(user.slice(1)) % 2 === 0;
}

/** Whether somebody who asks for it by himself may. */
export function mayAsk(user: string, channel: string): boolean {
  return channel !== secret && mayRead(user, channel);
}

/** What the connect rule subscribes a user to: the secret, and this time perhaps something that he could ask for himself. */
export function givenTo(user: string, { channels, giving }: Plan, dice: Dice): readonly string[] {
  // Whom the server subscribes is a member whether or not his page looks, which nobody here could tell from outside.
  const names = channels.filter(({ presence }) => !presence).map(({ pattern }) => pattern);
  return names.filter((channel) => mayRead(user, channel) && (channel === secret || dice.chance(giving)));
}

export function draw(dice: Dice): Plan {
  // Where all is small at once, a reader is in the middle of something most of the time.
  const isNarrow = dice.chance(0.3);
  const loss = dice.pick<Loss>(["none", "none", "all", "fenced", "unfenced"]);
  const plan: Plan = {
    nodes: dice.whole(1, 3),
    clients: dice.whole(2, 4),
    channels: channelsOf(dice, loss),
    limits: limitsOf(dice, isNarrow),
    loss,
    faults: faultNames.filter((name) => dice.chance(0.6) && !(loss === "unfenced" && forgetful.has(name))),
    calmMs: dice.pick([600, 1_500, 3_000]),
    busyMs: dice.whole(8_000, 14_000),
    stepMs: dice.pick([150, 400, 900]),
    latencyMs: isNarrow ? dice.pick([40, 150]) : dice.pick([1, 5, 40, 150]),
    windowBytes: isNarrow ? 400 : dice.pick([400, 2_000, 16_000]),
    fillBytes: isNarrow ? dice.pick([60, 400]) : dice.pick([0, 60, 400]),
    rates: dice.pick<Plan["rates"]>([[null], [null, 3, 20], [0.5, 3, 20], [5, 20, 60]]),
    tokenMs: dice.pick([null, 6_000, 20_000]),
    thinkMs: dice.pick([0, 20, 300]),
    giving: dice.pick([0, 0, 0.3, 1]),
  };
  // Two or three on a node are a crowd already.
  return { ...plan, limits: { ...plan.limits, membersShown: dice.pick([1, 2, 1_000, 1_000]) } };
}

function channelsOf(dice: Dice, loss: Loss): readonly ChannelDefinition[] {
  const history = (): { size: number; ttlMs: number } => ({
    size: dice.pick([3, 10, 100, 100]),
    ttlMs: loss === "unfenced" ? 300_000 : dice.pick([2_000, 30_000, 300_000, 300_000]),
  });
  const all: ChannelDefinition[] = [
    defineChannel("stream", { data: payload, history: history(), presence: dice.chance(0.7) }),
    defineChannel("short", { data: payload, history: history() }),
    defineChannel(secret, { data: payload, history: history() }),
    defineChannel("table", {
      data: payload,
      mode: "latest",
      key: ({ key }) => key,
      history: { ttlMs: dice.pick([1_000, 5_000, 300_000]) },
    }),
    defineChannel("signal", { data: payload, mode: "signal" }),
  ];
  // As many as a screen full of rooms has: what one connection has to read anew goes through one queue.
  const rooms = dice.chance(0.35) ? ["room 1", "room 2", "room 3", "room 4"] : [];
  all.push(...rooms.map((name) => defineChannel(name, { data: payload, history: history() })));
  const some = all.filter(({ mode }) => dice.chance(0.5) && !(loss === "unfenced" && mode === "latest"));
  return some.length > 0 ? some : all.slice(0, 1);
}

/** Small ones, so that what takes megabytes elsewhere happens within a second here. */
function limitsOf(dice: Dice, isNarrow: boolean): Partial<Limits> {
  return {
    tailsBytes: 1_000_000_000,
    tailBytes: dice.pick([600, 3_000, 1_048_576]),
    pageBytes: isNarrow ? 300 : dice.pick([300, 2_000, 65_536]),
    watermarkBytes: isNarrow ? 500 : dice.pick([500, 3_000, 65_536]),
    lingerMs: dice.pick([500, 30_000]),
    historyReads: dice.pick([1, 4, 64]),
    pingIntervalMs: dice.pick([4_000, 10_000]),
    pongTimeoutMs: dice.pick([2_000, 4_000]),
    stalledMs: 8_000,
    firstCommandMs: 5_000,
    expiryGraceMs: dice.pick([500, 5_000]),
    controlFrames: dice.pick([8, 256]),
    connectionsPerUser: 1_000,
  };
}
