// The text of a message, with its markdown and whom it mentions.
import { memo, useMemo } from "react";
import { mentionsIn } from "../../../contract/mentions-in.ts";
import { renderMarkdown } from "./markdown.ts";
import { useWhoHas } from "./mention-names.tsx";
import "./message-text.css";

export const MessageText = memo(function MessageText({ text }: { readonly text: string }) {
  const whoHas = useWhoHas();
  const mentions = mentionsIn(text, whoHas);
  // People come and go all the time; the text is made anew where that changes who is mentioned in it.
  const whom = mentions.map(({ from, to, person }) => `${from} ${to} ${person}`).join();
  // oxlint-disable-next-line react/exhaustive-deps
  const html = useMemo(() => ({ __html: renderMarkdown(text, mentions) }), [text, whom]);
  // The one place where a text becomes HTML; markdown.ts says why that is safe.
  return <div dir="auto" className="message-text" dangerouslySetInnerHTML={html} />;
});
