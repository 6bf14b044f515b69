// The field a message is written in: it grows to eight lines, Enter sends, Shift+Enter breaks the line, "@" opens the menu of people.
import { type KeyboardEvent, type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import { MentionMenu, optionId } from "./mention-menu.tsx";
import type { KnownPerson } from "./room-people.ts";
import { useMentionMenu } from "./use-mention-menu.ts";

interface ComposerFieldProps {
  readonly ref: RefObject<HTMLTextAreaElement | null>;
  readonly label: string;
  readonly text: string;
  readonly choicesFor: (typed: string) => readonly KnownPerson[];
  readonly onText: (text: string) => void;
  readonly onEnter: () => void;
}

export function ComposerField({ ref: field, label, text, choicesFor, onText, onEnter }: ComposerFieldProps) {
  const { caret, follow, put } = useCaret(field);
  const onChosen = (chosen: string, at: number): void => {
    onText(chosen);
    put(at);
  };
  const menu = useMentionMenu({ text, caret, choicesFor, onChosen });
  const isOpen = menu.choices.length > 0;
  useFit(field, text);
  useTypingAnywhere(field);

  function pressed(event: KeyboardEvent): void {
    if (menu.pressed(event)) return;
    // While an input method is composing, Enter chooses a word.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    onEnter();
  }

  return (
    <>
      {isOpen && <MentionMenu menu={menu} />}
      <p aria-live="polite" className="sr-only">
        {isOpen && `${menu.choices.length} people: arrows to choose, Enter to take, Escape to close`}
      </p>
      <textarea
        ref={field}
        rows={1}
        dir="auto"
        value={text}
        aria-label={label}
        placeholder={label}
        aria-autocomplete="list"
        aria-haspopup="listbox"
        aria-controls={isOpen ? menu.id : undefined}
        aria-activedescendant={isOpen ? optionId(menu, menu.marked) : undefined}
        className="max-h-[calc(8lh+0.75rem)] min-h-8 flex-1 resize-none overflow-y-auto bg-transparent px-2.5 py-1.5 leading-5 outline-none placeholder:text-soft max-[40rem]:text-lg max-[40rem]:leading-5"
        onChange={(event) => {
          onText(event.target.value);
          follow();
        }}
        onKeyDown={pressed}
        onSelect={follow}
        onBlur={follow}
        onFocus={follow}
      />
    </>
  );
}

/** As high as its text, with the focus where that brings up no keyboard over half of the screen. */
function useFit(field: RefObject<HTMLTextAreaElement | null>, text: string): void {
  useLayoutEffect(() => {
    if (field.current !== null) fitHeight(field.current);
  }, [field, text]);
  useEffect(() => {
    if (matchMedia("(pointer: fine)").matches) field.current?.focus({ preventScroll: true });
  }, [field]);
}

interface Caret {
  /** `null` while something is selected, and while the focus is elsewhere. */
  readonly caret: number | null;
  readonly follow: () => void;
  /** Sets it when the text that it is for is in the field. */
  readonly put: (at: number) => void;
}

function useCaret(field: RefObject<HTMLTextAreaElement | null>): Caret {
  const [caret, setCaret] = useState<number | null>(null);
  const wanted = useRef<number | null>(null);
  const follow = (): void => setCaret(field.current === null ? null : caretOf(field.current));
  useLayoutEffect(() => {
    if (wanted.current === null) return;
    field.current?.setSelectionRange(wanted.current, wanted.current);
    wanted.current = null;
    // Of each time that it is drawn: what was chosen may be what stood there.
  });
  return {
    caret,
    follow,
    put: (at) => {
      wanted.current = at;
      setCaret(at);
    },
  };
}

function caretOf(field: HTMLTextAreaElement): number | null {
  const isThere = document.activeElement === field && field.selectionStart === field.selectionEnd;
  return isThere ? field.selectionStart : null;
}

function fitHeight(field: HTMLTextAreaElement): void {
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}

/** A letter typed anywhere on the page goes into the message, as long as nothing else wants it. */
function useTypingAnywhere(field: RefObject<HTMLTextAreaElement | null>): void {
  useEffect(() => {
    const pressed = (event: globalThis.KeyboardEvent): void => {
      const isLetter = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
      const isFree = document.activeElement === null || document.activeElement === document.body;
      if (isLetter && isFree) field.current?.focus();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [field]);
}
