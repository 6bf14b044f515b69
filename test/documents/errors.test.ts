// docs/errors.md against the tables of codes: every code, in order, with its name, its other faces and whether to retry.
import {
  type CloseReasonName,
  closeReasons,
  requestErrors,
  TidewireError,
  unsubscribeReasons,
} from "@tidewire/protocol";
import { expect, test } from "vitest";
import { raw } from "../../packages/server/src/dialects/raw/raw.ts";
import { endingOf } from "../../packages/server/src/dialects/statuses.ts";
import { defaultLimits } from "../../packages/server/src/options.ts";
import { webSocketFraming } from "../../packages/server/src/transports/framing.ts";
import { textOf } from "./blocks.ts";

/** The rows of the table below a heading, a text for each cell. */
function rowsBelow(heading: string): readonly (readonly string[])[] {
  const [, section = ""] = textOf("docs/errors.md").split(`\n## ${heading}\n`);
  const [table = ""] = section.split("\n## ");
  const [, , ...rows] = table.split("\n").filter((line) => line.startsWith("|"));
  return rows.map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const answer = (isYes: boolean): string => (isYes ? "yes" : "no");
const firstWord = (cell: string | undefined): string => /^\w+/.exec(cell ?? "")?.[0] ?? "";

const speaker = raw(webSocketFraming, {
  channel: "c",
  token: "",
  greeting: undefined,
  takesPublications: true,
  limits: defaultLimits,
  opened: () => undefined,
});

function bareCodeOf(error: TidewireError): number {
  const ending = speaker.reply({ kind: "error", id: 1, error });
  if (ending === null || ending instanceof Uint8Array) throw new Error(`${error.reason} has no close code`);
  return ending.code;
}

test("request errors", () => {
  const expected = (Object.keys(requestErrors) as (keyof typeof requestErrors)[]).map((name) => {
    const error = new TidewireError(name);
    return [error.code, `\`${name}\``, endingOf(error).code, bareCodeOf(error), answer(error.temporary)].map(String);
  });
  const rows = rowsBelow("Request errors");
  expect(rows.map(([code, name, status, bare, retry]) => [code, name, status, bare, firstWord(retry)])).toEqual(
    expected,
  );
  for (const row of rows) expect(row[5]?.length, row[1]).toBeGreaterThan(10);
});

test("close reasons", () => {
  const expected = (Object.keys(closeReasons) as CloseReasonName[]).map((name) => {
    const { code, reason, reconnect } = closeReasons[name];
    return [String(code), reason, answer(reconnect)];
  });
  expect(rowsBelow("Close reasons").map((row) => row.slice(0, 3))).toEqual(expected);
});

test("ends of a subscription", () => {
  const expected = Object.values(unsubscribeReasons).map((end) => [
    String(end.code),
    end.reason,
    answer(end.resubscribe),
  ]);
  expect(rowsBelow("Ends of a subscription").map((row) => row.slice(0, 3))).toEqual(expected);
});
