import { describe, expect, it } from "vitest";
import { redisAddressIn, shownRedisAddress, urlOf } from "./redis-address.ts";

const plain = { protocol: "redis:", username: "", password: "", primary: null, database: "" };

describe("the address of a Redis", () => {
  it.for([
    ["redis://cache", { ...plain, hosts: ["cache"] }],
    ["redis://cache:6380/", { ...plain, hosts: ["cache:6380"] }],
    [
      "rediss://me:a%40b:c@[::1]:6380/3",
      { protocol: "rediss:", username: "me", password: "a@b:c", hosts: ["[::1]:6380"], primary: null, database: "3" },
    ],
    ["redis://:word@one:7000,two:7001,three", { ...plain, password: "word", hosts: ["one:7000", "two:7001", "three"] }],
    ["redis+sentinel://one,two:26380/tides", { ...plain, hosts: ["one", "two:26380"], primary: "tides" }],
    [
      "rediss+sentinel://me@one:26379/my.tides-1/7",
      { protocol: "rediss:", username: "me", password: "", hosts: ["one:26379"], primary: "my.tides-1", database: "7" },
    ],
  ] as const)("%s", ([text, expected]) => {
    expect(redisAddressIn(text)).toEqual(expected);
  });

  it.for([
    "",
    "cache:6379",
    "http://cache",
    "redis://",
    "redis://:word@",
    "redis://cache/name",
    "redis://cache/12345",
    "redis://cache?db=1",
    "redis://cache:99999",
    "redis://one,,two",
    "redis://one,two/3",
    "redis://a%zz@one",
    "redis+sentinel://one:26379",
    "redis+sentinel://one:26379/",
    "redis+sentinel://one:26379/tides/name",
    "redis+sentinel://one:26379/ti des",
    "redis+cluster://one",
  ])("not %s", (text) => {
    expect(redisAddressIn(text)).toBeNull();
  });

  it("is shown without who it is for", () => {
    for (const [text, shown] of [
      ["redis://me:word@cache:6379/3", "redis://cache:6379/3"],
      ["redis://:word@one:7000,two:7001", "redis://one:7000,two:7001"],
      ["rediss+sentinel://:word@one,two/tides/7", "rediss+sentinel://one,two/tides/7"],
    ] as const) {
      const address = redisAddressIn(text) ?? expect.fail(`${text} was expected to be one`);
      expect(shownRedisAddress(address)).toBe(shown);
    }
    expect(urlOf({ protocol: "rediss:", database: "3" }, "one:7000")).toBe("rediss://one:7000/3");
  });
});
