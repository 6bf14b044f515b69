// Addresses: who is believed about whom.
import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { clientAddress, isLoopback, isPublic, plain } from "./address.ts";

/** What `clientAddress` reads of a request. */
function request(remoteAddress: string | undefined, forwarded?: string): IncomingMessage {
  const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
  return { socket: { remoteAddress }, headers } as unknown as IncomingMessage;
}

const trusted = new Set(["10.0.0.1", "10.0.0.2", "::1"]);

test.each([
  ["nobody is trusted", "203.0.113.9", "198.51.100.1", "203.0.113.9"],
  ["a trusted balancer says nothing", "10.0.0.1", undefined, "10.0.0.1"],
  ["a trusted balancer names its client", "10.0.0.1", "198.51.100.1", "198.51.100.1"],
  ["what the client claimed itself is left of that", "10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"],
  ["two balancers in a row", "10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1"],
  ["an unknown balancer in the row is as far as it goes", "10.0.0.1", "198.51.100.1, 10.0.0.3", "10.0.0.3"],
  ["balancers alone", "10.0.0.1", "10.0.0.2", "10.0.0.2"],
  ["nonsense is not believed", "10.0.0.1", "unknown", "10.0.0.1"],
  ["nonsense behind an address", "10.0.0.1", "198.51.100.1, <script>", "10.0.0.1"],
  ["an empty list", "10.0.0.1", "", "10.0.0.1"],
  ["spaces and tabs", "10.0.0.1", " 198.51.100.1 \t", "198.51.100.1"],
  ["a port behind it", "10.0.0.1", "198.51.100.1:4711", "198.51.100.1"],
  ["a port behind an IPv6 address", "10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"],
  ["an IPv6 address", "::1", "2001:db8::7", "2001:db8::7"],
  ["the balancer's IPv4 address in IPv6 clothes", "::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"],
  ["the client's", "10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"],
])("%s", (_name, remote, ...[forwarded, expected]) => {
  expect(clientAddress(request(remote, forwarded), trusted)).toBe(expected);
});

test("a socket that is gone has no address", () => {
  expect(clientAddress(request(undefined, "198.51.100.1"), trusted)).toBe("");
});

test.each(["127.0.0.1", "127.255.0.3", "::1"])("%s is this machine", (address) => {
  expect(isLoopback(address)).toBe(true);
  expect(isPublic(address)).toBe(false);
});

test.each([
  "10.1.2.3",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.1.1",
  "169.254.1.1",
  "100.64.0.1",
  "fd00::1",
  "fe80::1",
])("%s is shared by many", (address) => {
  expect(isPublic(address)).toBe(false);
  expect(isLoopback(address)).toBe(false);
});

test.each(["203.0.113.9", "172.32.0.1", "100.128.0.1", "2001:db8::1"])("%s is public", (address) => {
  expect(isPublic(address)).toBe(true);
});

test.each(["", "localhost", "127.0.0.1.evil.example", "1.2.3"])("%j is no address", (address) => {
  expect(isPublic(address)).toBe(false);
  expect(isLoopback(address)).toBe(false);
});

test("plain leaves alone what is not IPv4 in IPv6 clothes", () => {
  expect(["::ffff:192.0.2.1", "::ffff:c000:201", "192.0.2.1", "::1"].map(plain)).toEqual([
    "192.0.2.1",
    "::ffff:c000:201",
    "192.0.2.1",
    "::1",
  ]);
});
