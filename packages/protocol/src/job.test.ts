// Job definitions, and the channel on which a job is told of.
import { describe, expect, test } from "vitest";
import { defineJob, jobChannel } from "./job.ts";

describe("a job", () => {
  test.each(["resize", "mail.send", "a_b-C9", "x".repeat(64)])("may be named %j", (name) => {
    expect(defineJob(name)).toEqual({ name, inputSchema: null, progressSchema: null, outputSchema: null });
  });

  test.each(["", "a b", "x".repeat(65), "größe", "a\n", "a:b"])("may not be named %j", (name) => {
    expect(() => defineJob(name)).toThrow(TypeError);
  });

  test("has a stream of its own, on which clients do not publish", () => {
    expect(jobChannel).toMatchObject({
      mode: "stream",
      publishers: "server",
      history: { size: 300, ttlMs: 86_400_000 },
    });
    expect(jobChannel.name({ id: "a" })).toBe("job:a");
  });
});
