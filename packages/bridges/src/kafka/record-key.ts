// The idempotency key of a record: the same whenever it is read, and no other record's.
import { createHash } from "node:crypto";
import type { KafkaRecord } from "./consumer.ts";

/**
 * At most 64 characters, which a topic's name alone may exceed. The time tells a topic from one of the same name that was
 * there before.
 */
export function recordKey({ topic, partition, offset, timestamp }: KafkaRecord): string {
  const digest = createHash("sha256").update(topic).digest("base64url").slice(0, 16);
  return `${digest}/${partition}/${offset}/${timestamp.toString(36)}`;
}
