// The contestants, by name: which server runs, and which wire its subscribers speak.
import { type Group, nodeProgram, ownProgram, type Program, Trial, type Wire } from "tidewire/bench";
import { centrifugoChannel, peerProgram, type PeerName, UnbuiltPeer } from "./peers.ts";

interface Contestant {
  /** @throws {UnbuiltPeer} */
  readonly start: (nodeFlags: readonly string[]) => Program;
  readonly wire: Wire;
  /** Default: the first of Tidewire's channels. */
  readonly channel?: string;
  /** What has to be built first, and is measured when it is asked for. */
  readonly peer?: PeerName;
}

const own = (wire: Wire): Contestant => ({ start: (nodeFlags) => ownProgram({}, nodeFlags), wire });

const onNode = (server: string, wire: Wire): Contestant => ({
  start: (nodeFlags) => nodeProgram(peerProcess, [server], ["--expose-gc", ...nodeFlags]),
  wire,
});

const peer = (name: PeerName, wire: Wire): Contestant & { readonly peer: PeerName } => ({
  start: () => peerProgram(name),
  wire,
  peer: name,
});

const peerProcess = new URL("./servers/peer-process", import.meta.url);

export const contestants = {
  "tidewire-json": own("centrifuge-json"),
  "tidewire-protobuf": own("centrifuge-protobuf"),
  "tidewire-raw": own("raw"),
  "tidewire-sse": own("sse"),
  "tidewire-http-stream": own("http-stream"),
  "naive-ws": onNode("naive-ws", "bare"),
  "batched-ws": onNode("batched-ws", "bare"),
  "socket.io": onNode("socket-io", "socket.io"),
  bun: peer("bun", "bare"),
  gorilla: peer("gorilla", "bare"),
  centrifugo: { ...peer("centrifugo", "centrifuge-json"), channel: centrifugoChannel },
} as const satisfies Readonly<Record<string, Contestant>>;

export type ContestantName = keyof typeof contestants;
export const contestantNames = Object.keys(contestants) as ContestantName[];
export const peerNames: readonly ContestantName[] = contestantNames.filter((name) => "peer" in contestants[name]);

/** Builds those that are peers. @returns Those that can run here; `say` is told why the others cannot. */
export function build(names: readonly ContestantName[], say: (line: string) => void): ContestantName[] {
  return names.filter((name) => {
    try {
      contestants[name].start([]);
      return true;
    } catch (thrown) {
      if (!(thrown instanceof UnbuiltPeer)) throw thrown;
      say(`${name} is left out, since this failed: ${thrown.message}`);
      return false;
    }
  });
}

/** What every ratio is to. */
export const yardstick: ContestantName = "naive-ws";

export interface TrialOptions {
  /** How many load processes. */
  readonly loads: number;
  /** Where the server's CPU profiles go; `null`: none are made. */
  readonly profiles: string | null;
  /** Whether each connection has a channel of its own. Default: all are on one. */
  readonly isApart?: boolean;
}

/** A contestant's server that listens, and one group on its wire that is not connected yet. */
export function runTrial<Result>(
  contestant: ContestantName,
  { loads, profiles, isApart = false }: TrialOptions,
  act: (trial: Trial, readers: Group) => Promise<Result>,
): Promise<Result> {
  const { start, wire, channel = "bench:{n}" }: Contestant = contestants[contestant];
  const flags = profiles === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${profiles}/${contestant}`];
  return Trial.run(start(flags), (trial) => act(trial, trial.group({ wire, channel, loads, own: isApart ? 1 : 0 })));
}
