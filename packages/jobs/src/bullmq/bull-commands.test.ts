// What BullMQ gives to its clients, as functions of the store's script.
import { expect, it } from "vitest";
import { BullCommands } from "./bull-commands.ts";

const lua = (name: string): string => `return '${name}'`;

function defined(keys: Readonly<Record<string, number>>): BullCommands {
  const commands = new BullCommands();
  for (const [name, numberOfKeys] of Object.entries(keys))
    commands.define(`${name}:6.7.0`, { numberOfKeys, lua: lua(name) });
  return commands;
}

const known = { moveToActive: 11, moveToFinished: 14 };

it("each command is a function whose KEYS and ARGV are its own", () => {
  expect(defined({ ...known, addLog: 2 }).functions).toBe(
    `local function moveToActive(KEYS, ARGV)\n${lua("moveToActive")}\nend\n` +
      `local function moveToFinished(KEYS, ARGV)\n${lua("moveToFinished")}\nend`,
  );
});

it("a BullMQ with other commands is refused", () => {
  const refused = [
    [{ moveToActive: 11 }, "whose moveToFinished takes 14 keys, got one with 0"],
    [{ ...known, moveToActive: 12 }, "whose moveToActive takes 11 keys, got one with 12"],
    [{ ...known, moveToFinished: 13 }, "whose moveToFinished takes 14 keys, got one with 13"],
  ] as const;
  for (const [keys, words] of refused) {
    const functions = (): string => defined(keys).functions;
    expect(functions).toThrow(words);
    expect(functions).toThrow(expect.objectContaining({ reason: "engine_unavailable" }));
  }
});
