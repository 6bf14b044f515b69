// What happened at the server's end of the line, in words for people. Pure.
import { lastingFaults, type LineEvent } from "../../../contract/lab.ts";
import type { Happening } from "../../connection/event-log.ts";
import { faultNames } from "./faults.ts";

const causes: Readonly<Record<string, string>> = {
  "client ended": "the page left",
  "client reset": "the page is gone",
  "server ended": "the session ended",
  "server reset": "the session is gone",
  "server unreachable": "nobody serves here",
  "proxy closed": "the line was closed",
  cut: "it was cut",
};

/** @param number The newest number that the server had made. */
export function serverHappening(event: LineEvent, number: number): Happening {
  const say = (tone: Happening["tone"], text: string): Happening => ({ side: "server", tone, text });
  switch (event.kind) {
    case "line-opened":
      return say("plain", `Process ${event.processId} opened your line, at number ${number}`);
    case "accepted":
      return say("plain", `Accepted connection ${event.connection}`);
    case "refused":
      return say("bad", "Refused a connection: the line is unplugged");
    case "session":
      return say("good", `Opened session ${event.session.slice(0, 8)}, at number ${number}`);
    case "cut":
      return say("bad", `Cut connection ${event.connection} by a reset, at number ${number}`);
    case "severed":
      return say("bad", `Carries nothing on connection ${event.connection} any more, from number ${number} on`);
    case "closed":
      return say(
        "plain",
        `Connection ${event.connection} is over: ${causes[event.cause] ?? event.cause}. ${bytes(event.downBytes)} were sent on it`,
      );
    case "fault": {
      const name = faultNames[event.fault];
      if (event.isOn) return say("bad", `${name} begins, for ${lastingFaults[event.fault].lastsMs / 1_000} s`);
      return say("plain", event.why === "time" ? `${name} is over` : `${name} was taken back`);
    }
    case "healed":
      return say("good", "Took every fault back");
    case "killing":
      return say("bad", `Process ${event.processId} is killed, at number ${number}`);
  }
}

function bytes(count: number): string {
  return count < 1_000 ? `${count} B` : `${(count / 1_000).toFixed(1)} kB`;
}
