// The connection lab: ways to break one's own connection, and the server's own list to check against.
import { defineCall } from "@tidewire/protocol";
import { z } from "zod";
import { roomId } from "./rooms.ts";

/** Ids in one answer of `lab.ledger`. */
export const ledgerPageSize = 2_000;

/** Cuts the caller's own socket without a word, as a broken network does, a moment after the answer. */
export const cutSocket = defineCall("lab.cut", { input: z.object({}), output: z.object({ inMs: z.int() }) });

/** Kills the server process with SIGKILL a moment after the answer. In development alone. */
export const killServer = defineCall("lab.kill", {
  input: z.object({}),
  output: z.object({ processId: z.int(), inMs: z.int() }),
});

/** The ids of a room's messages as the database has them, from the number `from` on, in order. */
export const readLedger = defineCall("lab.ledger", {
  input: z.object({
    room: roomId,
    from: z.int().min(1),
    limit: z.int().min(1).max(ledgerPageSize).default(ledgerPageSize),
  }),
  output: z.object({ ids: z.array(z.string()), lastSeq: z.int().min(0) }),
});
