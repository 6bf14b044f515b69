// What Kafka says by its errors, packed as the client packs them.
import { expect, test } from "vitest";
import { apiIdsOf, kafkaReasonOf, recordsFaultOf } from "./kafka-errors.ts";

const packed = (apiId: string): Error => {
  const refused = Object.assign(new Error("refused"), { apiId });
  const response = new AggregateError([refused], "Received response with error while executing API Produce(v11)");
  return new AggregateError([new Error("first"), new Error("again", { cause: response })], "failed 2 times.");
};

test("its names are found however deep they are, and said", () => {
  expect([...apiIdsOf(packed("PRODUCER_FENCED"))]).toEqual(["PRODUCER_FENCED"]);
  expect(kafkaReasonOf(packed("PRODUCER_FENCED"))).toBe("failed 2 times. (PRODUCER_FENCED)");
  expect(kafkaReasonOf(new Error("no route"))).toBe("no route");
});

test("the records' own faults are told from all others", () => {
  expect(recordsFaultOf(packed("MESSAGE_TOO_LARGE"))).toBe("MESSAGE_TOO_LARGE");
  for (const apiId of ["NOT_ENOUGH_REPLICAS", "PRODUCER_FENCED", "TOPIC_AUTHORIZATION_FAILED"])
    expect(recordsFaultOf(packed(apiId))).toBeNull();
  for (const nothing of [null, undefined, "MESSAGE_TOO_LARGE", {}]) expect(recordsFaultOf(nothing)).toBeNull();
});

test("an error that is its own cause ends", () => {
  const endless: Error & { errors?: unknown[] } = new Error("endless");
  endless.errors = [endless, endless];
  endless.cause = endless;
  expect(apiIdsOf(endless).size).toBe(0);
});
