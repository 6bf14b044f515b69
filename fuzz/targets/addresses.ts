// Whose address it is: `X-Forwarded-For` behind trusted balancers, and what counts as this machine or a private network.
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { clientAddress, isLoopback, isPublic, plain } from "../../packages/server/src/transports/address.ts";
import { holds } from "../oracle.ts";
import type { Target } from "../target.ts";

const trusted = new Set(["10.0.0.1", "::1", "2001:db8::1"]);

/** The socket's address on the first line, the header on the second. */
export const target: Target = {
  name: "addresses",
  shape: "text",
  files: ["server/src/transports/address.ts"],
  maxBytes: 16_384,
  seeds: [
    "10.0.0.1\n203.0.113.7, 10.0.0.1",
    "::ffff:10.0.0.1\n[2001:db8::1]:4711, 192.0.2.1:80",
    "::1\nunknown, ::ffff:127.0.0.1",
    "198.51.100.1\n10.0.0.1",
  ],
  words: ["10.0.0.1", ", ", "::1", "[", "]:80", "::ffff:", "fe80::1%eth0", "2001:db8::1"],
  run(input) {
    const [remoteAddress = "", forwarded = ""] = Buffer.from(input).toString("latin1").split("\n");
    const request = { socket: { remoteAddress }, headers: { "x-forwarded-for": forwarded } };
    const address = clientAddress(request as unknown as IncomingMessage, trusted);
    holds(address === plain(remoteAddress) || isIP(address) !== 0, "it believed what is no address");
    holds(address === plain(remoteAddress) || trusted.has(plain(remoteAddress)), "it believed whom nobody trusts");
    holds(!(isLoopback(address) && isPublic(address)), "this machine itself is public");
    isLoopback(forwarded);
    isPublic(forwarded);
  },
};
