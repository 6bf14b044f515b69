// The seed of all property tests: the same every time, so that a run that fails is no other run's luck; TIDEWIRE_SEED=random, or a number, looks elsewhere.
import fc from "fast-check";

const wished = process.env["TIDEWIRE_SEED"] ?? "1";

if (wished !== "random") {
  const seed = Number(wished);
  if (!Number.isInteger(seed))
    throw new TypeError(`TIDEWIRE_SEED: expected a whole number or "random", got "${wished}"`);
  fc.configureGlobal({ seed });
}
