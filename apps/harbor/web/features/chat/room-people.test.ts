// Whom a room knows, and who may be meant by the beginning of a name.
import { expect, test } from "vitest";
import { mentionsIn } from "../../../contract/mentions-in.ts";
import type { Author } from "../../../contract/person.ts";
import { choicesFor, mentionOf, roomPeople } from "./room-people.ts";

const person = (id: string, name: string): Author => ({ id, name });
const me = person("me", "Ada");
const by = (author: Author): { readonly author: Author } => ({ author });

const people = roomPeople({
  here: [me, person("bo", "Bo"), person("lou-2", "Lou"), person("al", "Ada Lovelace"), person("mb", "Mary Bo")],
  messages: [by(person("lou-1", "lou")), by(person("kai", "🦀 Kai")), by(person("bob", "Bob"))],
  me,
});
const names = (typed: string): readonly string[] => choicesFor(typed, people, me).map(({ name }) => name);

test("everybody who is here or wrote is somebody; of one name it is who is here", () => {
  expect(names("")).toEqual(["Ada Lovelace", "Bo", "Lou", "Mary Bo", "🦀 Kai", "Bob"]);
  expect(people.get("lou")).toEqual({ id: "lou-2", name: "Lou", isHere: true });
  expect(people.get("bob")).toMatchObject({ isHere: false });
});

test.each([
  ["b", ["Bo", "Mary Bo", "Bob"]],
  ["BO", ["Bo", "Mary Bo", "Bob"]],
  ["kai", ["🦀 Kai"]],
  ["ada", ["Ada Lovelace"]],
  ["ada ", ["Ada Lovelace"]],
  ["bo ", []],
  ["lov", ["Ada Lovelace"]],
  ["x", []],
])("%j may be %j", (typed, expected) => {
  expect(names(typed)).toEqual(expected);
});

test("a mention is somebody's, oneself's, or nobody's", () => {
  const found = mentionsIn(
    "@ada @Bo @Nobody @lou @Away",
    mentionOf(
      people,
      new Map([
        ["away", "guest"],
        ["nobody", null],
      ]),
      me,
    ),
  );
  expect(found.map(({ person: whom }) => whom)).toEqual(["me", "other", "other", "other"]);
});

test("one with two names is there under the newer", () => {
  const renamed = roomPeople({ here: [], messages: [by(person("x", "Old")), by(person("x", "New"))], me });
  expect([...renamed.keys()]).toEqual(["new", "ada"]);
});
