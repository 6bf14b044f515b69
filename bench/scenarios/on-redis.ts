// What Redis costs: a publication's way beside a bare pair of clients, a node's fan-out beside one in memory, and appends beside redis-benchmark.
import { type Measured, type Span, spanOf, spanText, tableOf, Trial } from "tidewire/bench";
import { RedisServer } from "../../test/services/redis.ts";
import { redis } from "../../tools/run/redis.mjs";
import type { BenchOptions } from "../options.ts";
import { ownServer } from "./cases.ts";
import { appendsPerSecond, benchmarkPerSecond, type Pace, pairP99Ms } from "./bare-redis.ts";
import { deliveriesOf, type Scenario } from "./scenario.ts";

/** One round: ours beside what there is without us. */
interface RedisRound {
  readonly pairP99Ms: number;
  readonly ownP99Ms: number;
  readonly memoryUs: number;
  readonly redisUs: number;
  readonly benchmarkPerSecond: number;
  readonly appendsPerSecond: number;
  readonly measured: readonly Measured[];
}

interface Comparison {
  readonly name: string;
  readonly own: Span | null;
  readonly other: Span | null;
  readonly ratio: Span | null;
}

/** Publications a second of which each is on its way alone. */
const alone = 200;
const fanOutRate = 100;
/** So many that V8 has compiled what every publication runs through: a server runs for days. */
const warming: Pace = { rate: 2_000, seconds: 3 };
const shortWarming: Pace = { rate: fanOutRate, seconds: 1 };

export const onRedis: Scenario = async (options, say) => {
  const { path } = redis.find() ?? (await redis.fetch());
  const rounds: RedisRound[] = [];
  for (let round = 1; round <= options.repeat; round += 1) {
    // It keeps nothing: the pair beside it and redis-benchmark write nothing to a disk either.
    const server = await RedisServer.start({ program: path });
    try {
      rounds.push(await measure({ options, url: server.url, program: path, port: server.port }));
    } finally {
      await server.remove();
    }
    say(`round ${round} of ${options.repeat}`);
  }
  const of = (name: string, own: keyof Figures, other: keyof Figures): Comparison => ({
    name,
    own: spanOf(rounds.map((round) => round[own])),
    other: spanOf(rounds.map((round) => round[other])),
    ratio: spanOf(rounds.map((round) => round[own] / round[other])),
  });
  const summary = [
    of("publish to delivery, p99 ms, beside a bare pair", "ownP99Ms", "pairP99Ms"),
    of("fan-out, µs CPU a delivery, beside memory", "redisUs", "memoryUs"),
    of("appends a second, beside redis-benchmark", "appendsPerSecond", "benchmarkPerSecond"),
  ];
  const head = ["", "Tidewire on Redis", "beside", "ratio"];
  const body = summary.map(({ name, own, other, ratio }) => [name, ...[own, other, ratio].map(spanText)]);
  const measured = rounds.flatMap((round) => round.measured);
  const problems = [...new Set(measured.flatMap((one) => one.problems))];
  const report = [tableOf([head, ...body]), ...problems].join("\n");
  return { report, summary, rounds, deliveries: deliveriesOf(measured) };
};

type Figures = Omit<RedisRound, "measured">;

interface Site {
  readonly options: BenchOptions;
  readonly url: string;
  readonly program: string;
  readonly port: number;
}

async function measure({ options, url, program, port }: Site): Promise<RedisRound> {
  const { seconds, bytes, subscribers } = options;
  const own = await trial(options, url, { count: 1, rate: alone, before: warming });
  const onRedis = await trial(options, url, { count: subscribers, rate: fanOutRate, before: shortWarming });
  const inMemory = await trial(options, null, { count: subscribers, rate: fanOutRate, before: shortWarming });
  return {
    pairP99Ms: await pairP99Ms(url, warming, { rate: alone, seconds, bytes }),
    ownP99Ms: own.p99Ms,
    memoryUs: inMemory.cpuUsPerDelivery,
    redisUs: onRedis.cpuUsPerDelivery,
    benchmarkPerSecond: await benchmarkPerSecond({ program, port, bytes, seconds }),
    appendsPerSecond: await appendsPerSecond(url, { seconds, bytes }),
    measured: [own, onRedis, inMemory],
  };
}

function trial(
  options: BenchOptions,
  url: string | null,
  { count, rate, before }: { readonly count: number; readonly rate: number; readonly before: Pace },
): Promise<Measured> {
  const { bytes, loads, seconds } = options;
  return Trial.run(ownServer(options, { redis: url }), async (running) => {
    const readers = running.group({ wire: "centrifuge-json", loads });
    await running.connect(readers, count);
    const load = { burst: 1, bytes };
    await running.measure({ ...load, ...before, phase: 1 });
    return await running.measure({ ...load, rate, phase: 2, seconds });
  });
}
