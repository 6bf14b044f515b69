// What docs/webhooks.md says that a receiver does, done by it.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { signatureOf } from "../../packages/webhooks/src/signature.ts";
import { secret } from "./secret.ts";

const hasPython = spawnSync("python3", ["--version"]).status === 0;
const page = readFileSync(path.join(import.meta.dirname, "../../docs/webhooks.md"), "utf8");
const [, python = ""] = /```python\n([\s\S]*?)```/.exec(page) ?? [];

const main = `
import sys
given = json.load(sys.stdin)
try:
    print(json.dumps(verify(given["secret"], given["headers"], given["body"].encode())))
except ValueError as problem:
    print(problem)
`;

const body = '{"type":"member.joined","data":{"user":"Zoë 🌊"}}';
const old = `whsec_${Buffer.from("b".repeat(32)).toString("base64")}`;

interface Sent {
  readonly by?: readonly string[];
  readonly ageS?: number;
  readonly id?: string;
}

function verified({ by = [secret], ageS = 0, id = "event_1" }: Sent): string {
  const timestamp = Math.floor(Date.now() / 1_000) - ageS;
  const signature = signatureOf({ id: "event_1", timestamp, body }, by);
  const headers = { "webhook-id": id, "webhook-timestamp": String(timestamp), "webhook-signature": signature };
  const input = JSON.stringify({ secret, headers, body });
  const { stdout, stderr } = spawnSync("python3", ["-c", `${python}${main}`], { input, encoding: "utf8" });
  return stdout.trim() || stderr;
}

describe.skipIf(!hasPython)("the receiver in Python", () => {
  it("takes what is ours, also while a secret is replaced", () => {
    for (const by of [[secret], [secret, old], [old, secret]])
      expect(JSON.parse(verified({ by }))).toEqual(JSON.parse(body));
  });

  it("refuses what is not, or not of now", () => {
    expect(verified({ by: [old] })).toBe("not from our server");
    expect(verified({ id: "event_2" })).toBe("not from our server");
    expect(verified({ ageS: 400 })).toBe("too old, or from the future");
    expect(verified({ ageS: -400 })).toBe("too old, or from the future");
  });
});
