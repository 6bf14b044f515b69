// Where a message is written and sent from, with who else is writing.
import { ArrowUp } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { maxTextLength } from "../../../contract/chat.ts";
import type { ListedRoom } from "../../../contract/rooms.ts";
import { ComposerField } from "./composer-field.tsx";
import { useOutbox } from "./outbox-provider.tsx";
import type { KnownPerson } from "./room-people.ts";
import { TypingLine } from "./typing-line.tsx";

interface ComposerProps {
  readonly room: ListedRoom;
  /** Names of the others who type. */
  readonly typists: readonly string[];
  /** Who may be meant by the beginning of a name behind an "@". */
  readonly choicesFor: (typed: string) => readonly KnownPerson[];
  readonly onTyping: (isTyping: boolean) => void;
  readonly onSend: (text: string) => void;
}

/** From here on the count is shown. */
const countFrom = maxTextLength - 200;

export function Composer({ room, typists, choicesFor, onTyping, onSend }: ComposerProps) {
  const outbox = useOutbox();
  const [text, setText] = useState(() => outbox.draftOf(room.id));
  const field = useRef<HTMLTextAreaElement>(null);
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

  return (
    <form
      className="shrink-0 px-4 pt-0.5 pb-2"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div className="relative flex items-end gap-1 rounded-lg border border-line-strong bg-raised p-1 focus-within:border-accent focus-within:ring-1 focus-within:ring-accent">
        <ComposerField
          ref={field}
          label={`Message ${room.name}`}
          text={text}
          choicesFor={choicesFor}
          onText={(written) => {
            setText(written);
            onTyping(written.trim() !== "");
          }}
          onEnter={send}
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
