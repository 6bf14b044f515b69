// The menu of people that an "@" opens while a message is written: when it is open, who is marked in it, who is chosen.
import { type KeyboardEvent, useId, useState } from "react";
import { type Begun, mentionBegunAt } from "../../../contract/mentions-in.ts";
import type { KnownPerson } from "./room-people.ts";

interface Written {
  readonly text: string;
  /** `null` while something is selected, and while the focus is elsewhere. */
  readonly caret: number | null;
}

interface MentionMenuOptions extends Written {
  readonly choicesFor: (typed: string) => readonly KnownPerson[];
  /** The text with the name in it, and where the caret is then. */
  readonly onChosen: (text: string, caret: number) => void;
}

export interface MentionMenuState {
  readonly id: string;
  /** Nobody: it is closed. */
  readonly choices: readonly KnownPerson[];
  readonly marked: number;
  mark(index: number): void;
  choose(index: number): void;
  /** @returns Whether the key was for the menu. */
  pressed(event: KeyboardEvent): boolean;
}

const nobody: readonly KnownPerson[] = [];

export function useMentionMenu({ text, caret, choicesFor, onChosen }: MentionMenuOptions): MentionMenuState {
  const id = useId();
  /** The "@" whose menu was closed. */
  const [closedAt, setClosedAt] = useState<number | null>(null);
  const [mark, setMark] = useState({ of: "", index: 0 });
  const begun = caret === null ? null : mentionBegunAt(text, caret);
  // Another "@", or none: what was closed is forgotten.
  if (closedAt !== null && caret !== null && begun?.from !== closedAt) setClosedAt(null);
  const choices = begun === null || begun.from === closedAt ? nobody : choicesFor(begun.typed);
  const typed = begun === null ? "" : `${begun.from} ${begun.typed}`;
  // Other letters, other people: the first of them is marked.
  const marked = mark.of === typed ? Math.min(mark.index, choices.length - 1) : 0;
  const markAt = (index: number): void => setMark({ of: typed, index });

  function choose(index: number): void {
    const person = choices[index];
    if (begun === null || caret === null || person === undefined) return;
    setClosedAt(begun.from);
    const chosen = withName({ text, caret }, begun, person.name);
    onChosen(chosen.text, chosen.caret);
  }

  function pressed(event: KeyboardEvent): boolean {
    // While an input method is composing, its keys are its own.
    if (choices.length === 0 || event.nativeEvent.isComposing || event.ctrlKey || event.metaKey || event.altKey)
      return false;
    const act = actOf(event);
    if (act === null) return false;
    event.preventDefault();
    if (act === "close") setClosedAt(begun?.from ?? null);
    else if (act === "choose") choose(marked);
    else markAt((marked + (act === "next" ? 1 : choices.length - 1)) % choices.length);
    return true;
  }

  return { id, choices, marked, mark: markAt, choose, pressed };
}

function actOf({ key, shiftKey }: KeyboardEvent): "next" | "previous" | "choose" | "close" | null {
  if (shiftKey) return null;
  if (key === "ArrowDown") return "next";
  if (key === "ArrowUp") return "previous";
  if (key === "Enter" || key === "Tab") return "choose";
  return key === "Escape" ? "close" : null;
}

/** The name instead of its beginning, and a space behind it, on which one goes on writing. */
function withName(
  { text, caret }: { readonly text: string; readonly caret: number },
  { from }: Begun,
  name: string,
): { readonly text: string; readonly caret: number } {
  const [before, after] = [`${text.slice(0, from)}@${name}`, text.slice(caret)];
  return { text: `${before} ${after.replace(/^ /, "")}`, caret: before.length + 1 };
}
