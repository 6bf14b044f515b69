// Randomness, as bridges ask for it.
import { randomBytes } from "node:crypto";

/** Where randomness comes from. */
export interface Random {
  /** 132 random bits from a cryptographic source, as URL-safe text: 22 characters. */
  token(): string;
}

/** The operating system's. */
export const systemRandom: Random = {
  token: () => randomBytes(17).toString("base64url").slice(0, 22),
};
