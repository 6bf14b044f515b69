// Idempotency keys in NATS: what a publish with a key was answered with, for five minutes (P4).
import { fail } from "@tidewire/protocol";
import type { Ack, Body, Publication } from "../../engine/engine.ts";
import { digestOf } from "../payload.ts";

/** An ack without its body, which a repetition brings along. */
export interface FirstAck {
  readonly digest: string;
  readonly epoch: string;
  readonly publication: Pick<Publication, "id" | "offset" | "previous" | "atMs">;
}

const longest = 1_000;
const line = /^(\S{1,600}) ([\w.-]{1,128}) (\d{1,16}) (-|[\w-]{1,64}) ([\w-]{1,64}) (\d{1,16})$/;

/** A digest without spaces. */
export function keyDigest(body: Body): string {
  return Buffer.from(digestOf(body)).toString("base64url");
}

export function keyRecordOf({ digest, epoch, publication }: FirstAck): Uint8Array {
  const { id, offset, previous, atMs } = publication;
  return Buffer.from(`${digest} ${epoch} ${offset} ${previous?.id ?? "-"} ${id} ${atMs}`);
}

/** `null` for what no node has written. */
export function keyRecordIn(bytes: Uint8Array): FirstAck | null {
  if (bytes.byteLength > longest) return null;
  const found = line.exec(Buffer.from(bytes).toString("latin1"));
  if (found === null) return null;
  const [, digest = "", epoch = "", offsetText = "", before = "", id = "", atText = ""] = found;
  const [offset, atMs] = [Number(offsetText), Number(atText)];
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(atMs) || offset > 1 !== (before !== "-")) return null;
  const previous = before === "-" ? null : { offset: offset - 1, id: before };
  return { digest, epoch, publication: { id, offset, previous, atMs } };
}

/** @throws {TidewireError} `conflict` when the key was used for another payload. */
export function repeatedAck(first: FirstAck, body: Body, durability: Ack["durability"]): Ack {
  if (first.digest !== keyDigest(body)) fail("conflict", "this idempotency key was used with another payload");
  const publication = { ...body, ...first.publication };
  return { position: { epoch: first.epoch, offset: publication.offset }, publication, duplicate: true, durability };
}
