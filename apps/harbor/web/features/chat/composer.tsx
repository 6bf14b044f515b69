// Where a message is written: it grows to eight lines, Enter sends, Shift+Enter breaks the line.
import { ArrowUp } from "lucide-react";
import { type KeyboardEvent, type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import { maxTextLength } from "../../../contract/chat.ts";
import type { ListedRoom } from "../../../contract/rooms.ts";
import { useOutbox } from "./outbox-provider.tsx";
import { TypingLine } from "./typing-line.tsx";

interface ComposerProps {
  readonly room: ListedRoom;
  /** Names of the others who type. */
  readonly typists: readonly string[];
  readonly onTyping: (isTyping: boolean) => void;
  readonly onSend: (text: string) => void;
}

/** From here on the count is shown. */
const countFrom = maxTextLength - 200;

export function Composer({ room, typists, onTyping, onSend }: ComposerProps) {
  const outbox = useOutbox();
  const [text, setText] = useState(() => outbox.draftOf(room.id));
  const field = useComposerField(text);
  const isSendable = text.trim() !== "" && text.length <= maxTextLength;
  useEffect(() => () => onTyping(false), [onTyping]);
  useEffect(() => outbox.keepDraft(room.id, text), [outbox, room.id, text]);

  function send(): void {
    if (!isSendable) return;
    onSend(text.replace(/\s+$/, ""));
    onTyping(false);
    setText("");
    field.current?.focus();
  }

  function pressed(event: KeyboardEvent): void {
    // While an input method is composing, Enter chooses a word.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  }

  return (
    <form
      className="shrink-0 px-4 pt-0.5 pb-2"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div className="flex items-end gap-1 rounded-lg border border-line-strong bg-raised p-1 focus-within:border-accent focus-within:ring-1 focus-within:ring-accent">
        <textarea
          ref={field}
          rows={1}
          dir="auto"
          value={text}
          aria-label={`Message ${room.name}`}
          placeholder={`Message ${room.name}`}
          className="max-h-[calc(8lh+0.75rem)] min-h-8 flex-1 resize-none overflow-y-auto bg-transparent px-2.5 py-1.5 leading-5 outline-none placeholder:text-soft max-[40rem]:text-lg max-[40rem]:leading-5"
          onChange={(event) => {
            setText(event.target.value);
            onTyping(event.target.value.trim() !== "");
          }}
          onKeyDown={pressed}
        />
        <SendButton isOn={isSendable} />
      </div>
      <div className="flex items-center gap-3 px-1 pt-1">
        <TypingLine names={typists} />
        {text.length >= countFrom ? <Count length={text.length} /> : <Hint />}
      </div>
    </form>
  );
}

function SendButton({ isOn }: { readonly isOn: boolean }) {
  return (
    <button
      type="submit"
      aria-label="Send"
      disabled={!isOn}
      className="inline-flex size-8 shrink-0 items-center justify-center rounded-md bg-accent text-on-accent transition-colors hover:bg-accent-strong disabled:bg-transparent disabled:text-soft"
    >
      <ArrowUp aria-hidden className="size-4.5" />
    </button>
  );
}

function Hint() {
  return <p className="hidden shrink-0 text-xs text-soft @md:block">Enter sends · Shift+Enter breaks the line</p>;
}

function Count({ length }: { readonly length: number }) {
  const left = maxTextLength - length;
  return (
    <p role="status" className={`figures shrink-0 text-xs ${left < 0 ? "text-bad" : "text-soft"}`}>
      {left < 0 ? `${-left} characters too many` : `${left} characters left`}
    </p>
  );
}

/** A field that is as high as its text, and has the focus where that brings up no keyboard over half of the screen. */
function useComposerField(text: string): RefObject<HTMLTextAreaElement | null> {
  const field = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    if (field.current !== null) fitHeight(field.current);
  }, [text]);
  useEffect(() => {
    if (matchMedia("(pointer: fine)").matches) field.current?.focus({ preventScroll: true });
  }, []);
  useTypingAnywhere(field);
  return field;
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
