// Group 5: messages in fragments, with control frames between them, and fragments that continue nothing.
import type { Case, Chops, Script } from "../case.ts";
import { type Frame, frame, op } from "../frames.ts";
import { answered, continuation, failing, numbered, ping, pong, send, textFrame, textMessage, utf8 } from "./script.ts";

const open = { isFinal: false } as const;
const eachWay: readonly (readonly [how: string, chops: Chops])[] = [
  ["", "whole"],
  [", frame by frame", "frames"],
  [", one byte at a time", 1],
];

function ways(about: string, body: (chops: Chops) => Script): readonly Omit<Case, "id">[] {
  return eachWay.map(([how, chops]) => ({ about: `${about}${how}`, body: body(chops) }));
}

const halves = [textFrame("fragment1", open), continuation("fragment2")];
const halvesAround = [textFrame("fragment1", open), ping("ping payload"), continuation("fragment2")];
const both = textMessage("fragment1fragment2");

const twoHalves = ways("text in two fragments", (chops) => answered([send(halves, chops)], () => [both]));

const pingBetween = ways("text in two fragments, a ping between them", (chops) =>
  answered([send(halvesAround, chops)], () => [pong(utf8("ping payload")), both]),
);

function continuesNothing(about: string, first: Frame): readonly Omit<Case, "id">[] {
  const frames = [first, textFrame("Hello, world!")];
  return ways(`${about} that continues nothing, then text`, (chops) => failing([send(frames, chops)]));
}

const fragmentedControl = (name: "ping" | "pong"): Omit<Case, "id"> => ({
  about: `${name} in two fragments`,
  body: failing([send([frame(op[name], "fragment1", open), continuation("fragment2")])]),
});

function twiceAfter(about: string, first: Frame): Omit<Case, "id"> {
  const once = [first, textFrame("fragment2", open), continuation("fragment3")];
  return {
    about: `twice: ${about} that continues nothing, then text in two`,
    body: failing([send([...once, ...once])]),
  };
}

/** Five fragments, with a ping after the second and another before the last; the rest only once the first was answered. */
function withPauses(how: string, chops: Chops): Omit<Case, "id"> {
  const steps = [
    send([textFrame("fragment1", open), continuation("fragment2", open), ping("pongme 1!")], chops),
    { kind: "await", events: 1 },
    { kind: "settle" },
    send(
      [continuation("fragment3", open), continuation("fragment4", open), ping("pongme 2!"), continuation("fragment5")],
      chops,
    ),
  ] as const;
  const whole = textMessage("fragment1fragment2fragment3fragment4fragment5");
  return {
    about: `text in five fragments with two pings and a pause${how}`,
    body: answered(steps, () => [pong(utf8("pongme 1!")), pong(utf8("pongme 2!")), whole]),
  };
}

export const fragmentation: readonly Case[] = numbered("5", [
  fragmentedControl("ping"),
  fragmentedControl("pong"),
  ...twoHalves,
  ...pingBetween,
  ...continuesNothing("a last fragment", continuation("non-continuation payload")),
  ...continuesNothing("a fragment", continuation("non-continuation payload", open)),
  {
    about: "text in two fragments, then a fragment that continues nothing, then text",
    body: failing([send([...halves, continuation("fragment3", open), textFrame("fragment4")])], {
      events: [both],
      alsoRight: [],
    }),
  },
  twiceAfter("a fragment", continuation("fragment1", open)),
  twiceAfter("a last fragment", continuation("fragment1")),
  {
    about: "text in two fragments that both say text",
    body: failing([send([textFrame("fragment1", open), textFrame("fragment2")])]),
  },
  withPauses("", "whole"),
  withPauses(", frame by frame", "frames"),
]);
