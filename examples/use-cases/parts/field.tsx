// A field that keeps its text until it was taken.
import { useState } from "react";

interface FieldProps {
  readonly label: string;
  /** `id` names the text: sent again after an answer that never came, the same text has the same id. */
  readonly send: (text: string, id: string) => Promise<unknown>;
}

const draftOf = (text: string) => ({ text, id: crypto.randomUUID(), trouble: "" });

export function Field({ label, send }: FieldProps) {
  const [draft, setDraft] = useState(() => draftOf(""));
  const failed = ({ message }: Error) => setDraft({ ...draft, trouble: `Not sent: ${message}. It is kept here.` });
  return (
    <form action={() => send(draft.text, draft.id).then(() => setDraft(draftOf("")), failed)}>
      <label>
        {label}
        <input required maxLength={300} value={draft.text} onChange={({ target }) => setDraft(draftOf(target.value))} />
      </label>
      <button>Send</button>
      <span role="alert">{draft.trouble}</span>
    </form>
  );
}
