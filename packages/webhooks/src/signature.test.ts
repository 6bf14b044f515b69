import { describe, expect, it } from "vitest";
import { Webhook } from "standardwebhooks";
import { secretProblem, signatureOf } from "./signature.ts";

const secretOf = (text: string): string => `whsec_${Buffer.from(text).toString("base64")}`;
const [oldSecret, newSecret] = [
  secretOf("the old secret, of many letters"),
  secretOf("the new secret, of many letters"),
];
const body = '{"type":"a.b","data":{"word":"Grüße 🌊"}}';

const headersOf = (secrets: readonly string[], ageS = 0): Record<string, string> => {
  const timestamp = Math.floor(Date.now() / 1_000) - ageS;
  return {
    "webhook-id": "event_1",
    "webhook-timestamp": String(timestamp),
    "webhook-signature": signatureOf({ id: "event_1", timestamp, body }, secrets),
  };
};

describe("a signature", () => {
  it("is what the library of Standard Webhooks makes of the same", () => {
    const at = new Date(1_767_225_600_000);
    const signed = { id: "event_1", timestamp: at.getTime() / 1_000, body };
    expect(signatureOf(signed, [newSecret])).toBe(new Webhook(newSecret).sign("event_1", at, body));
  });

  it("is verified by it (W1)", () => {
    expect(new Webhook(newSecret).verify(body, headersOf([newSecret]))).toEqual(JSON.parse(body));
  });

  it("is verified by who knows the old secret alone, or the new one, while one is replaced by the other", () => {
    const headers = headersOf([newSecret, oldSecret]);
    for (const secret of [oldSecret, newSecret]) expect(new Webhook(secret).verify(body, headers)).toBeTruthy();
    expect(() => new Webhook(secretOf("somebody else's, of many letters")).verify(body, headers)).toThrow(
      "No matching",
    );
  });

  it("is good for nothing else: any bit of the body, id or time that is another, or a replay after five minutes", () => {
    const webhook = new Webhook(newSecret);
    const headers = headersOf([newSecret]);
    const bytes = Buffer.from(body);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => webhook.verify(flipped, headers)).toThrow("No matching");
    }
    expect(() => webhook.verify(body, { ...headers, "webhook-id": "event_2" })).toThrow("No matching");
    const later = String(Number(headers["webhook-timestamp"]) + 1);
    expect(() => webhook.verify(body, { ...headers, "webhook-timestamp": later })).toThrow("No matching");
    expect(() => webhook.verify(body, headersOf([newSecret], 301))).toThrow("too old");
  });
});

describe("a secret", () => {
  it.each([
    ["", "nothing"],
    ["whsec_", "no bytes"],
    [secretOf("too short").slice(6), "another prefix"],
    [secretOf("a".repeat(23)), "too few bytes"],
    [secretOf("a".repeat(65)), "too many"],
    ["whsec_!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!", "no base64"],
  ])("%s is none: %s", (secret) => {
    expect(secretProblem(secret)).toBe('expected "whsec_" and 24 to 64 bytes in base64');
  });

  it("of 24 to 64 bytes is one", () => {
    expect([24, 32, 64].map((length) => secretProblem(secretOf("a".repeat(length))))).toEqual([null, null, null]);
  });
});
