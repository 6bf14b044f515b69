// Colours of rooms: no two alike, and none that changes because another room has more to say.
import { expect, it } from "vitest";
import { minutesShown } from "../../../contract/analytics.ts";
import { seriesOf, totalsOf } from "./series.ts";

const room = (id: string | null, count: number) => ({
  id,
  name: id ?? "3 other rooms",
  messages: Array.from({ length: minutesShown }, () => count),
});

it("each room has a colour of its own, whatever their order", () => {
  const rooms = ["a", "b", "c", "d", "e"].map((id, index) => room(id, index));
  const shown = seriesOf([...rooms, room(null, 1)]);
  expect(new Set(shown.map(({ colour }) => colour)).size).toBe(6);
  const again = new Map(seriesOf(rooms.toReversed()).map(({ id, colour }) => [id, colour]));
  for (const { id, colour } of shown.slice(0, 5)) expect(again.get(id)).toBe(colour);
});

it("totals are those of all series", () => {
  expect(totalsOf(seriesOf([room("a", 2), room(null, 5)]))).toEqual(Array.from({ length: minutesShown }, () => 7));
});
