// The text of a message, with its markdown.
import { memo, useMemo } from "react";
import { renderMarkdown } from "./markdown.ts";
import "./message-text.css";

export const MessageText = memo(function MessageText({ text }: { readonly text: string }) {
  const html = useMemo(() => ({ __html: renderMarkdown(text) }), [text]);
  // The one place where a text becomes HTML; markdown.ts says why that is safe.
  return <div dir="auto" className="message-text" dangerouslySetInnerHTML={html} />;
});
