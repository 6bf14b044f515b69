// Opening an event stream: the address's query, `Last-Event-ID`, and the ids that positions are shown as.
import { events } from "../../packages/server/src/dialects/raw/events.ts";
import { idOf, positionOf } from "../../packages/server/src/dialects/raw/event-id.ts";
import { eventFraming } from "../../packages/server/src/transports/event-framing.ts";
import { pathBehind } from "../../packages/server/src/transports/intercept.ts";
import { hasOwnKeysOnly, holds, isSame } from "../oracle.ts";
import type { Target } from "../target.ts";

/** The request's target on the first line, the header on the second. */
export const target: Target = {
  name: "event-streams",
  shape: "text",
  files: [
    "server/src/dialects/raw/events.ts",
    "server/src/dialects/raw/event-id.ts",
    "server/src/transports/intercept.ts",
  ],
  seeds: [
    "/raw/news?rate=2&lastEventId=e%3A7\ne:7",
    "/raw/news?rate=0.5\n%F0%9F%8C%8A:123",
    "http://host/raw/news?rate=61\n",
    "/raw/a%2Fb\ne:9007199254740993",
  ],
  words: ["lastEventId=", "rate=", "http://", "/raw/", "999999999999999", "%25", "%3A"],
  run(input) {
    const [url = "", header = ""] = Buffer.from(input).toString("latin1").split("\n");
    // What the parser of HTTP lets through, and a path leads here.
    if (!/^[\x21-\x7e]+$/.test(url) || pathBehind("", url) === null) return;
    const speaker = events(eventFraming, {
      channel: "news",
      info: { url, headers: header === "" ? {} : { "last-event-id": header }, token: "" },
      greeting: undefined,
      retryMs: 1_000,
      opened: () => undefined,
    });
    const [connect, command] = speaker.opening();
    hasOwnKeysOnly([connect, command]);
    holds(command?.kind === "subscribe" || command?.kind === "invalid", "expected a subscribe or a refusal");
    if (command.kind === "invalid") return;
    holds(command.rate === null || (command.rate > 0 && command.rate <= 60), "a rate is out of its bounds");
    const position = command.seen?.position;
    if (position === undefined) return;
    holds(Number.isSafeInteger(position.offset) && position.offset >= 0, "no place in a log");
    if (position.epoch !== "") isSame(positionOf(idOf(position)), position, "the position of its id");
  },
};
