// Randomness, as webhooks ask for it.
import { randomBytes } from "node:crypto";

/** Where randomness comes from. */
export interface Random {
  /** From 0 up to, not including, 1. For spreading load; not for secrets. */
  fraction(): number;
  /** 132 random bits from a cryptographic source, as URL-safe text: 22 characters. */
  token(): string;
}

/** The operating system's. */
export const systemRandom: Random = {
  fraction: () => Math.random(),
  token: () => randomBytes(17).toString("base64url").slice(0, 22),
};
