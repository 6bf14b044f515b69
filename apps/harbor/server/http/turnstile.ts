// The turnstile: how many new guests one address may bring in a minute.

const guestsPerMinute = 30;
const windowMs = 60_000;

export interface Turnstile {
  lets(address: string): boolean;
}

/** One's own machine is not counted: there a test brings more guests in a minute than a crowd. */
export function createTurnstile(): Turnstile {
  let counts = new Map<string, number>();
  let windowEndsMs = 0;
  return {
    lets(address) {
      if (isLoopback(address)) return true;
      const nowMs = Date.now();
      if (nowMs >= windowEndsMs) {
        counts = new Map();
        windowEndsMs = nowMs + windowMs;
      }
      const count = (counts.get(address) ?? 0) + 1;
      counts.set(address, count);
      return count <= guestsPerMinute;
    },
  };
}

function isLoopback(address: string): boolean {
  return address === "::1" || /^(::ffff:)?127\./.test(address);
}
