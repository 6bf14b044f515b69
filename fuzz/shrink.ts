// Shrinking: what is left of an input when everything is gone that does not matter.

/** Runs of the reader that one shrinking may take. */
const mostTries = 3_000;

/** The shortest found that `still` does what the input does. */
export async function shortest(
  input: Uint8Array,
  still: (shorter: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array> {
  let best = input;
  let tries = 0;
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.length && tries < mostTries;) {
      const shorter = Buffer.concat([best.subarray(0, at), best.subarray(at + size)]);
      tries += 1;
      if (await still(shorter)) best = shorter;
      else at += size;
    }
  }
  return best;
}
