// Names of channels and patterns for them: what a name was built of is what it is taken apart to.
import { channelNameProblem, type ChannelPattern, compilePattern } from "../../packages/protocol/src/channel-name.ts";
import { hasOwnKeysOnly, holds, isSame, readOr } from "../oracle.ts";
import type { Target } from "../target.ts";

const known = ["lobby", "chat:{room}", "{a}:{b}", "x{y}z", "dm:{from}:{to}"].map(compilePattern);

/** A pattern on the first line, a name on the second. */
export const target: Target = {
  name: "channel-names",
  shape: "text",
  files: ["protocol/src/channel-name.ts"],
  seeds: [
    "chat:{room}\nchat:general",
    "{a}:{b}\nx:y",
    "{__proto__}:{constructor}\na:b",
    "a.*b+({x})\na.*b+(c)",
    "lobby\n\u{1F30A}",
  ],
  words: ["{a}", ":{b}", "{", "}", ":"],
  run(input) {
    const [source = "", ...rest] = Buffer.from(input).toString().split("\n");
    const name = rest.join("\n");
    channelNameProblem(name);
    const compiled = readOr(TypeError, () => compilePattern(source));
    for (const pattern of compiled === null ? known : [...known, compiled]) matches(pattern, name);
    if (compiled === null) return;
    const params = Object.fromEntries(compiled.paramNames.map((param) => [param, name]));
    const built = readOr(TypeError, () => compiled.build(params));
    if (built === null) return;
    holds(channelNameProblem(built) === null, "it built a name that is none");
    isSame({ ...compiled.match(built) }, params, "the parameters of what was built");
    // What an object has from its prototype is no parameter.
    if (compiled.paramNames.length > 0)
      holds(readOr(TypeError, () => compiled.build({})) === null, "it built of nothing");
  },
};

function matches(pattern: ChannelPattern, name: string): void {
  const params = pattern.match(name);
  if (params === null) return;
  hasOwnKeysOnly(params);
  isSame(Object.keys(params), pattern.paramNames, "the parameters");
  const built = readOr(TypeError, () => pattern.build(params));
  if (built !== null) isSame(built, name, "the name of its parameters");
}
