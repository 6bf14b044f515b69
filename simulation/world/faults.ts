// The faults that befall a world: each does one thing to one part of it, and may take it back.
import type { World } from "./world.ts";
import type { Dice } from "./dice.ts";
import type { FaultName } from "./fault-names.ts";
import type { LinkFaults } from "./store-link.ts";

/** What a fault did: whether a live subscription was in its way, for how long it lasts, and how it ends. */
export interface Begun {
  readonly isHit: boolean;
  readonly lastsMs?: number;
  readonly end?: () => void;
}

type Fault = (world: World, dice: Dice) => Begun | null;

const nothing = null;

/** Each takes a client with a socket, where one is. */
function onSocket(act: (at: NonNullable<ReturnType<World["aSocket"]>>, world: World, dice: Dice) => Begun): Fault {
  return (world, dice) => {
    const at = world.aSocket();
    return at === null ? nothing : act(at, world, dice);
  };
}

function onNode(act: (at: NonNullable<ReturnType<World["aNode"]>>, world: World, dice: Dice) => Begun): Fault {
  return (world, dice) => {
    const at = world.aNode();
    return at === null ? nothing : act(at, world, dice);
  };
}

/** Announcements are hit one by one, as the link tells. */
function onLink(faults: (dice: Dice) => Partial<LinkFaults>): Fault {
  return onNode(({ node }, world, dice) => {
    Object.assign(node.link.faults, faults(dice));
    return { isHit: false, lastsMs: dice.between(500, 6_000), end: () => world.healLink(node) };
  });
}

const faults: Readonly<Record<FaultName, Fault>> = {
  "socket reset": onSocket(({ client, socket }) => {
    socket.cut();
    return { isHit: client.live > 0 };
  }),
  "half-open upwards": onSocket(({ client, socket }, _, dice) => {
    socket.silence("up");
    return { isHit: client.live > 0, lastsMs: dice.between(500, 20_000), end: () => socket.silence("none") };
  }),
  "half-open downwards": onSocket(({ client, socket }, _, dice) => {
    socket.silence("down");
    return { isHit: client.live > 0, lastsMs: dice.between(500, 20_000), end: () => socket.silence("none") };
  }),
  "slow reader": onSocket(({ client, socket }, _, dice) => {
    socket.stall(true);
    return { isHit: client.live > 0, lastsMs: dice.between(500, 10_000), end: () => socket.stall(false) };
  }),
  "frozen tab": onSocket(({ client }, _, dice) => {
    const { machine } = client;
    machine.freeze();
    return { isHit: client.live > 0, lastsMs: dice.between(500, 20_000), end: () => machine.thaw() };
  }),
  "page reload": onSocket(({ client }) => {
    const isHit = client.live > 0;
    client.reload();
    return { isHit };
  }),
  "crash while handling": onSocket(({ client }) => {
    client.isDoomed = true;
    return { isHit: client.live > 0 };
  }),
  "page offline": onSocket(({ client, socket }, _, dice) => {
    const { page } = client;
    page.become("offline");
    socket.silence("both");
    return { isHit: client.live > 0, lastsMs: dice.between(500, 8_000), end: () => page.become("online") };
  }),
  "client clock": onSocket(({ client }, _, dice) => {
    client.machine.stepWall(dice.between(-3_600_000, 3_600_000));
    return { isHit: client.live > 0 };
  }),
  "node killed": onNode(({ node, place, isHit }, world, dice) => {
    node.kill(dice.chance(0.7));
    return { isHit, lastsMs: dice.between(100, 5_000), end: () => world.restart(place) };
  }),
  "node drained": onNode(({ node, place, isHit }, world, dice) => {
    node.drain(2_000);
    return { isHit, lastsMs: dice.between(2_100, 5_000), end: () => world.restart(place) };
  }),
  "node stopped": onNode(({ node, isHit }, _, dice) => {
    node.machine.freeze();
    return { isHit, lastsMs: dice.between(500, 20_000), end: () => node.machine.thaw() };
  }),
  "node clock": onNode(({ node, isHit }, _, dice) => {
    const stepMs = dice.between(-5_000, 5_000);
    node.machine.stepWall(stepMs);
    return { isHit, lastsMs: 60_000, end: () => node.machine.stepWall(-stepMs) };
  }),
  "node cut off": onNode(({ node, isHit }, world, dice) => {
    node.link.faults.cut = "everything";
    return { isHit, lastsMs: dice.between(500, 8_000), end: () => world.healLink(node) };
  }),
  "commands lost": onNode(({ node, isHit }, world, dice) => {
    node.link.faults.cut = "commands";
    return { isHit, lastsMs: dice.between(500, 8_000), end: () => world.healLink(node) };
  }),
  "answers lost": onNode(({ node, isHit }, world, dice) => {
    node.link.faults.cut = "answers";
    return { isHit, lastsMs: dice.between(500, 8_000), end: () => world.healLink(node) };
  }),
  "store crashed": (world, dice) => {
    const isHit = world.live > 0;
    world.crash(dice.whole(1, 12));
    return { isHit, lastsMs: dice.between(10, 6_000), end: () => (world.process.isDown = false) };
  },
  "history cleared": (world, dice) => {
    const channel = dice.pick(world.process.store.channels.length > 0 ? world.process.store.channels : [""]);
    if (channel === "" || world.process.isDown) return nothing;
    world.process.store.publish(channel, { kind: "clear" });
    return { isHit: world.live > 0 };
  },
  "announcement lost": onLink((dice) => ({ loss: dice.between(0.1, 1) })),
  "announcement doubled": onLink((dice) => ({ doubles: dice.between(0.1, 1) })),
  "announcement late": onLink((dice) => ({ disorderMs: dice.between(5, 1_500) })),
  "answers late": onNode(({ node, isHit }, world, dice) => {
    node.link.faults.lateAnswersMs = dice.between(5, 2_500);
    return { isHit, lastsMs: dice.between(500, 6_000), end: () => world.healLink(node) };
  }),
  "engine refused": onLink((dice) => ({ refusals: dice.between(0.1, 0.9) })),
};

/** `null` where there was nothing to befall. */
export function befall(name: FaultName, world: World, dice: Dice): Begun | null {
  return faults[name](world, dice);
}
