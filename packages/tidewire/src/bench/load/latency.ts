// Latencies counted in buckets: by the microsecond up to 2 ms, then within 0.1 %, up to 134 s.

const linear = 2_048;
const perOctave = 1_024;
const octaves = 16;
const mostUs = 2 ** 27 - 1;

/** How many deliveries took how long, in buckets: by the microsecond up to 2 ms, above within 0.1 %, up to 134 s. */
export type Latencies = Uint32Array;

/** Empty buckets. */
export function noLatencies(): Latencies {
  return new Uint32Array(linear + octaves * perOctave);
}

/** Adds one delivery that took `us` microseconds; negative ones count as 0. */
export function countLatency(latencies: Latencies, us: number): void {
  const bucket = bucketOf(us < 0 ? 0 : us > mostUs ? mostUs : us);
  latencies[bucket] = (latencies[bucket] ?? 0) + 1;
}

export function sumLatencies(all: readonly Latencies[]): Latencies {
  const sum = noLatencies();
  for (const one of all) one.forEach((count, bucket) => (sum[bucket] = (sum[bucket] ?? 0) + count));
  return sum;
}

/** The latency in milliseconds that a share of all deliveries did not exceed; 0 when there were none. */
export function quantileMs(latencies: Latencies, share: number): number {
  const total = latencies.reduce((sum, count) => sum + count, 0);
  let left = Math.ceil(total * share);
  for (let bucket = 0; bucket < latencies.length; bucket += 1) {
    left -= latencies[bucket] ?? 0;
    if (left <= 0) return total === 0 ? 0 : usOf(bucket) / 1_000;
  }
  return 0;
}

function bucketOf(us: number): number {
  if (us < linear) return us;
  const octave = 31 - Math.clz32(us) - 11;
  return linear + octave * perOctave + (us >>> (octave + 1)) - perOctave;
}

/** The bucket's upper end. */
function usOf(bucket: number): number {
  if (bucket < linear) return bucket;
  const octave = Math.floor((bucket - linear) / perOctave);
  const within = (bucket - linear) % perOctave;
  return (within + perOctave + 1) * 2 ** (octave + 1) - 1;
}
