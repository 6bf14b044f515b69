// Offers of extensions in an opening handshake, and the one of permessage-deflate that is taken: RFC 6455 §9.1, RFC 7692 §7.
import type { WindowBits } from "./deflate-framing.ts";

/** One extension with its parameters, in order; `null` for a parameter without a value. */
export interface Offer {
  readonly name: string;
  readonly parameters: readonly (readonly [name: string, value: string | null])[];
}

export interface Agreed {
  readonly windowBits: WindowBits;
  /** The value of `Sec-WebSocket-Extensions` that says so. */
  readonly answer: string;
}

/** RFC 9110 §5.6.2 and §5.6.4; a quoted value must be a token as well once its quotes are gone (RFC 6455 §9.1). */
const token = String.raw`[!#$%&'*+\-.^_\x60|~0-9A-Za-z]+`;
const space = String.raw`[ \t]*`;
const parameterText = `${space};${space}(${token})(?:${space}=${space}(?:(${token})|"(${token})"))?`;
const offerText = new RegExp(`^${space}(${token})((?:${parameterText})*)${space}$`);
const eachParameter = new RegExp(parameterText, "g");

/** The offers of a `Sec-WebSocket-Extensions` header; `null` when it is malformed. */
export function offersIn(header: string): readonly Offer[] | null {
  const offers: Offer[] = [];
  // No token holds a comma, and neither does a quoted one.
  for (const text of header.split(",")) {
    // RFC 9110 §5.6.1: empty elements of a list are ignored.
    if (text.trim() === "") continue;
    const [, name, parameters] = offerText.exec(text) ?? [];
    if (name === undefined) return null;
    offers.push({ name, parameters: parametersIn(parameters ?? "") });
  }
  return offers;
}

function parametersIn(text: string): Offer["parameters"] {
  return [...text.matchAll(eachParameter)].map(
    ([, name = "", plain, quoted]) => [name, plain ?? quoted ?? null] as const,
  );
}

/** The first offer that can be taken; the others, like extensions that nobody knows, are declined by silence. */
export function agree(offers: readonly Offer[]): Agreed | null {
  for (const { name, parameters } of offers) {
    const agreed = name === "permessage-deflate" ? agreedOn(parameters) : null;
    if (agreed !== null) return agreed;
  }
  return null;
}

/** RFC 7692 §7: an offer with an unknown, repeated or ill-valued parameter is declined. */
function agreedOn(parameters: Offer["parameters"]): Agreed | null {
  const given = new Map(parameters);
  if (given.size !== parameters.length || !parameters.every(isValid)) return null;
  const wanted = given.get("server_max_window_bits");
  // zlib cannot keep to the window of 256 bytes (RFC 7692 §7.1.2.1 lets us decline).
  if (wanted === "8") return null;
  const isSmall = typeof wanted === "string" && wanted !== "15";
  const words = ["permessage-deflate", "server_no_context_takeover", "client_no_context_takeover"];
  // A server may answer with less than it was asked for.
  if (isSmall) words.push("server_max_window_bits=9");
  return { windowBits: isSmall ? 9 : 15, answer: words.join("; ") };
}

const windowSizes = /^(?:[89]|1[0-5])$/;

function isValid([name, value]: Offer["parameters"][number]): boolean {
  switch (name) {
    case "server_no_context_takeover":
    case "client_no_context_takeover":
      return value === null;
    case "server_max_window_bits":
      return value !== null && windowSizes.test(value);
    case "client_max_window_bits":
      return value === null || windowSizes.test(value);
    default:
      return false;
  }
}
