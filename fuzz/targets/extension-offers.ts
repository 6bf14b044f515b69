// `Sec-WebSocket-Extensions` of an opening handshake: malformed, declined, or agreed on in words that a client can take.
import { agree, offersIn } from "../../packages/server/src/transports/extension-offers.ts";
import { hasOwnKeysOnly, holds, isSame } from "../oracle.ts";
import type { Target } from "../target.ts";

export const target: Target = {
  name: "extension-offers",
  shape: "text",
  files: ["server/src/transports/extension-offers.ts"],
  maxBytes: 16_384,
  seeds: [
    "permessage-deflate; client_max_window_bits",
    "permessage-deflate; server_max_window_bits=10; client_no_context_takeover, x-other; a=b",
    'permessage-deflate; server_max_window_bits="9" , permessage-deflate',
    ",, permessage-deflate;server_no_context_takeover;client_max_window_bits = 8\t",
  ],
  words: ["; ", ", ", "=", '"15"', "8", "16"],
  run(input) {
    const offers = offersIn(Buffer.from(input).toString("latin1"));
    if (offers === null) return;
    hasOwnKeysOnly(offers);
    const written = offers.map(({ name, parameters }) =>
      [name, ...parameters.map(([key, value]) => (value === null ? key : `${key}="${value}"`))].join(" ;\t"),
    );
    isSame(offersIn(written.join(",")), offers, "the same offers, written again");
    const agreed = agree(offers);
    if (agreed === null) return;
    const [answer, ...others] = offersIn(agreed.answer) ?? [];
    holds(answer?.name === "permessage-deflate" && others.length === 0, "the answer is no answer");
    // RFC 7692 §7.1.2.2: it is in an answer only where the client offered it.
    holds(!answer.parameters.some(([key]) => key === "client_max_window_bits"), "it answers what was not asked");
  },
};
