// Applies the differences that a page shows, as strictly as a reader who types them.

interface Hunk {
  readonly before: string[];
  readonly after: string[];
}

export interface Difference {
  readonly from: string;
  readonly to: string;
  readonly hunks: readonly Hunk[];
}

/** @throws {Error} for what is no unified difference of one file. */
export function parseDifference(text: string): Difference {
  const [head = "", second = "", ...lines] = text.trimEnd().split("\n");
  const from = /^--- (\S+)$/.exec(head)?.[1];
  const to = /^\+\+\+ (\S+)$/.exec(second)?.[1];
  if (from === undefined || to === undefined) throw new Error(`expected "--- a" and "+++ b", got ${head}, ${second}`);
  const hunks: Hunk[] = [];
  for (const line of lines) {
    if (line.startsWith("@@")) hunks.push({ before: [], after: [] });
    else take(hunks.at(-1), line);
  }
  return { from, to, hunks };
}

function take(hunk: Hunk | undefined, line: string): void {
  const [sign, rest] = [line.slice(0, 1), line.slice(1)];
  // An editor may have taken the blank off an empty line.
  if (hunk === undefined || !["", " ", "-", "+"].includes(sign)) throw new Error(`no line of a difference: ${line}`);
  if (sign !== "+") hunk.before.push(rest);
  if (sign !== "-") hunk.after.push(rest);
}

/** @throws {Error} where a hunk's lines are not in `text`, or not behind those of the hunk before it. */
export function applyDifference(text: string, { hunks }: Difference): string {
  const lines = text.split("\n");
  const result: string[] = [];
  let next = 0;
  for (const { before, after } of hunks) {
    const at = lines.findIndex((_line, index) => index >= next && before.every((line, k) => lines[index + k] === line));
    if (at < 0) throw new Error(`not found, in this order:\n${before.join("\n")}`);
    result.push(...lines.slice(next, at), ...after);
    next = at + before.length;
  }
  return [...result, ...lines.slice(next)].join("\n");
}
