// A docstring taken apart: what it says, and what it says of parameters, results and errors.

export interface Docstring {
  readonly text: string;
  /** Names as they are written: `options.drainMs`. */
  readonly params: readonly (readonly [name: string, text: string])[];
  readonly returns: string | null;
  readonly throws: readonly string[];
  readonly see: readonly string[];
}

// Tags may stand behind a sentence on its own line.
const tag = /(?:^|\s)@(param|returns|throws|see)\s+/;

/** @param comment What stands between the marks of a block comment, the second star included. */
export function parseDocstring(comment: string): Docstring {
  const lines = comment.replace(/^\*/, "").split("\n");
  const [text = "", ...tags] = lines
    .map((line) => line.replace(/^\s*\*? ?/, "").trimEnd())
    .join("\n")
    .split(tag);
  const params: (readonly [string, string])[] = [];
  const throws: string[] = [];
  const see: string[] = [];
  let returns: string | null = null;
  for (let index = 0; index < tags.length; index += 2) {
    const [name, said] = [tags[index], (tags[index + 1] ?? "").trim()];
    if (name === "param") params.push(parameter(said));
    else if (name === "returns") returns = said;
    else if (name === "throws") throws.push(withoutBraces(said));
    else see.push(said);
  }
  return { text: text.trim(), params, returns, throws, see };
}

function parameter(said: string): readonly [string, string] {
  const [, name = "", text = ""] = /^([\w.]+)(?:\s+-)?\s*([^]*)$/.exec(said) ?? [];
  return [name, text];
}

/** `{TypeError | RangeError} when` as people read it. */
const withoutBraces = (said: string): string =>
  said.replaceAll(/\{([^}]+)\}(?: (?=[A-Z`]))?/g, (all, names: string) => {
    const words = names.split("|").map((name) => `\`${name.trim()}\``);
    return words.join(" or ") + (all.endsWith(" ") ? ": " : "");
  });

/** The first sentence, for a table. */
export function summaryOf({ text }: Docstring): string {
  const line = (text.split("\n\n")[0] ?? "").replaceAll("\n", " ");
  return /^.+?[.:](?=\s+[A-Z`"]|$)/.exec(line)?.[0] ?? line;
}
