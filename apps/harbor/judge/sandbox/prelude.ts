// What is in a guest's world before its program: a console, and the one function that calls `solve`.

/**
 * JavaScript for QuickJS. It takes what it needs of the built-in functions before the program can change them, and
 * returns `[answer, describe]`. `write` is the host's.
 */
export const prelude = `((write, longest) => {
  const { stringify, parse } = JSON;
  const { apply } = Reflect;
  const { slice } = String.prototype;
  const [TextOf, Failure] = [String, Error];
  const cut = (text, length) => apply(slice, text, [0, length]);

  const shown = (value) => {
    if (typeof value === "string") return value;
    try {
      if (value instanceof Failure) return describe(value);
      const json = typeof value === "object" ? stringify(value) : undefined;
      return typeof json === "string" ? json : TextOf(value);
    } catch {
      return "a value that cannot be shown";
    }
  };

  const describe = (thrown) => {
    if (typeof thrown !== "object" || thrown === null) return cut("thrown: " + shown(thrown), 1000);
    try {
      const stack = typeof thrown.stack === "string" ? "\\n" + cut(thrown.stack, 400) : "";
      return cut(cut(TextOf(thrown), 600) + stack, 1000);
    } catch {
      return "an error that cannot be shown";
    }
  };

  const say = (...values) => {
    let line = "";
    for (let index = 0; index < values.length; index += 1) {
      line += (index === 0 ? "" : " ") + cut(shown(values[index]), longest);
      if (line.length > longest) break;
    }
    write(cut(line, longest) + "\\n");
  };
  globalThis.console = { log: say, info: say, debug: say, warn: say, error: say };

  const answer = async (solve, input) => {
    const json = stringify(await apply(solve, undefined, parse(input)));
    return typeof json === "string" ? cut(json, longest + 1) : "";
  };
  return [answer, describe];
})`;
