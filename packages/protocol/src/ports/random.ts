// Randomness, as everything of ours on Node asks for it.
import { randomFillSync } from "node:crypto";

/** Where randomness comes from; tests give one of their own. Default: the operating system's. */
export interface Random {
  /** From 0 up to, not including, 1. For spreading load; not for secrets. */
  fraction(): number;
  /** `bits` random bits (a multiple of 6) from a cryptographic source, as URL-safe text. */
  token(bits: 96 | 132 | 192): string;
}

const pool = Buffer.alloc(4_104);
let used = pool.length;

/** The operating system's randomness, fetched in pages since each call of it costs a microsecond. */
export const systemRandom: Random = {
  fraction: () => Math.random(),
  token: (bits) => {
    const bytes = Math.ceil(bits / 8);
    if (used + bytes > pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    used += bytes;
    return pool.toString("base64url", used - bytes, used).slice(0, bits / 6);
  },
};
