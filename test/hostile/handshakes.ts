// Requests that a proxy in front may read in another way than the server, as bytes, and how each is answered.
import { upgradeRequest } from "../wire.ts";

export interface Handshake {
  readonly name: string;
  /** As it is sent, in Latin-1. */
  readonly bytes: string;
  /** The statuses of all answers; none where the server hangs up. */
  readonly statuses: readonly number[];
}

const health = "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n";
const upgrade = upgradeRequest("/echo");
const chunk = "5\r\nhello\r\n0\r\n\r\n";

function withHeaders(...lines: readonly string[]): string {
  return `${upgrade.slice(0, -2)}${lines.join("\r\n")}\r\n\r\n`;
}

function offering(protocols: string): string {
  return upgrade.replace("Upgrade: websocket", `Upgrade: ${protocols}`);
}

const h2c = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: \r\n\r\n";

/** What comes after an upgrade is frames, whatever it looks like: here none that are lawful, so nothing is answered. */
const oneAfterTheOther: readonly Handshake[] = [
  { name: "a request behind an upgrade", bytes: upgrade + health, statuses: [101] },
  { name: "an upgrade behind a request", bytes: health + upgrade, statuses: [200, 101] },
  { name: "an upgrade behind an upgrade", bytes: upgrade + upgrade, statuses: [101] },
  { name: "a request behind an upgrade that is refused", bytes: upgradeRequest("/no") + health, statuses: [404] },
];

const bodies: readonly Handshake[] = [
  { name: "a body", bytes: `${withHeaders("Content-Length: 5")}hello`, statuses: [400] },
  { name: "a body that does not come", bytes: withHeaders("Content-Length: 5"), statuses: [400] },
  { name: "a body of nothing", bytes: withHeaders("Content-Length: 0"), statuses: [101] },
  { name: "chunks", bytes: withHeaders("Transfer-Encoding: chunked") + chunk + health, statuses: [400] },
  { name: "chunks that do not come", bytes: withHeaders("Transfer-Encoding: chunked"), statuses: [400] },
  { name: "chunks in capitals", bytes: withHeaders("TRANSFER-ENCODING: CHUNKED"), statuses: [400] },
  { name: "an unknown coding", bytes: withHeaders("Transfer-Encoding: xchunked"), statuses: [400] },
  { name: "chunks inside another coding", bytes: withHeaders("Transfer-Encoding: chunked, identity"), statuses: [400] },
  {
    name: "chunks and a length",
    bytes: withHeaders("Transfer-Encoding: chunked", "Content-Length: 5"),
    statuses: [400],
  },
  { name: "two lengths", bytes: withHeaders("Content-Length: 0", "Content-Length: 5"), statuses: [400] },
  { name: "a length with a sign", bytes: withHeaders("Content-Length: +0"), statuses: [400] },
  { name: "a space before a colon", bytes: withHeaders("Content-Length : 0"), statuses: [400] },
  { name: "a body at a path of nobody", bytes: upgradeRequest("/no", { "Content-Length": "5" }), statuses: [404] },
];

const targets: readonly Handshake[] = [
  { name: "a whole address", bytes: upgradeRequest("http://a/echo"), statuses: [101] },
  { name: "an address of two slashes", bytes: upgradeRequest("//evil.example/echo"), statuses: [404] },
  { name: "dots", bytes: upgradeRequest("/raw/../echo"), statuses: [404] },
  { name: "dots that are encoded", bytes: upgradeRequest("/raw/%2e%2E/echo"), statuses: [404] },
  { name: "a slash that is encoded", bytes: upgradeRequest("/%65cho%2F"), statuses: [404] },
  { name: "a backslash", bytes: upgradeRequest("/raw/..\\echo"), statuses: [404] },
  { name: "another backslash", bytes: upgradeRequest("/raw\\lobby"), statuses: [404] },
  { name: "an asterisk", bytes: upgradeRequest("*"), statuses: [404] },
  { name: "an authority", bytes: upgradeRequest("a:80"), statuses: [400] },
  { name: "CR LF that is encoded", bytes: upgradeRequest("/echo%0d%0aX-Evil:%201"), statuses: [404] },
  { name: "CR LF in a channel", bytes: upgradeRequest("/raw/a%0d%0aX-Evil:%201"), statuses: [101] },
  { name: "LF", bytes: upgradeRequest("/ec\nho"), statuses: [400] },
  { name: "CR", bytes: upgradeRequest("/echo\rX: y"), statuses: [400] },
  { name: "a tab", bytes: upgradeRequest("/echo\t"), statuses: [400] },
  { name: "NUL", bytes: upgradeRequest("/echo\0"), statuses: [400] },
  { name: "a second request line", bytes: upgradeRequest("/echo HTTP/1.1\r\nX: y\r\nGET /echo"), statuses: [400] },
];

const headers: readonly Handshake[] = [
  { name: "a folded header", bytes: withHeaders("X-A: b", " folded"), statuses: [400] },
  { name: "lines that end in LF", bytes: upgrade.replaceAll("\r\n", "\n"), statuses: [400] },
  { name: "no host", bytes: upgrade.replace("Host: 127.0.0.1\r\n", ""), statuses: [400] },
  { name: "two hosts", bytes: withHeaders("Host: b"), statuses: [400] },
  { name: "HTTP/1.0", bytes: upgrade.replace("HTTP/1.1", "HTTP/1.0"), statuses: [400] },
  { name: "the preface of HTTP/2", bytes: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", statuses: [400] },
  { name: "a header above 8 KiB", bytes: withHeaders(`X-A: ${"x".repeat(9_000)}`), statuses: [431] },
  { name: "CONNECT", bytes: "CONNECT /echo HTTP/1.1\r\nHost: a\r\n\r\n", statuses: [] },
  { name: "POST", bytes: upgrade.replace("GET", "POST"), statuses: [405] },
  { name: "an extension that is no list", bytes: withHeaders("Sec-WebSocket-Extensions: ;;;"), statuses: [101] },
  { name: "a protocol twice", bytes: withHeaders("Sec-WebSocket-Protocol: a, a"), statuses: [400] },
];

/** Without a WebSocket to upgrade to, a request is answered as it is. */
const otherProtocols: readonly Handshake[] = [
  { name: "an offer of HTTP/2", bytes: `GET /health/live HTTP/1.1\r\nHost: a\r\n${h2c}`, statuses: [200] },
  {
    name: "an offer of HTTP/2 at a WebSocket's path",
    bytes: `GET /echo HTTP/1.1\r\nHost: a\r\n${h2c}`,
    statuses: [404],
  },
  { name: "an offer of TLS", bytes: offering("TLS/1.0"), statuses: [404] },
  { name: "an offer of two protocols", bytes: offering("h2c, websocket"), statuses: [404] },
  { name: "no wish to upgrade", bytes: upgrade.replace("Connection: Upgrade", "Connection: close"), statuses: [404] },
];

export const handshakes: readonly Handshake[] = [
  ...oneAfterTheOther,
  ...bodies,
  ...targets,
  ...headers,
  ...otherProtocols,
];
