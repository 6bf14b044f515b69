// A program being written: the editor once it is there, a plain field where it cannot be fetched.
import { useEffect, useRef, useState } from "react";
import { type Language, maxSourceLength } from "../../../contract/judge.ts";
import type { openEditor } from "./code-mirror.ts";

interface CodeEditorProps {
  /** What it begins with; another text needs another key. */
  readonly text: string;
  readonly language: Language;
  readonly onChange: (text: string) => void;
  readonly onSubmit: () => void;
}

const label = "Program";

export function CodeEditor(props: CodeEditorProps) {
  const open = useOpenEditor();
  if (open === "failed") return <PlainField {...props} />;
  if (open === null) return <div aria-hidden className="h-full" />;
  return <Editor {...props} open={open.openEditor} />;
}

type Loaded = { readonly openEditor: typeof openEditor };

/** `null` while it is fetched. */
function useOpenEditor(): Loaded | "failed" | null {
  const [loaded, setLoaded] = useState<Loaded | "failed" | null>(null);
  useEffect(() => {
    let isWanted = true;
    import("./code-mirror.ts").then(
      (module) => isWanted && setLoaded(module),
      () => isWanted && setLoaded("failed"),
    );
    return () => {
      isWanted = false;
    };
  }, []);
  return loaded;
}

function Editor({ open, ...props }: CodeEditorProps & { readonly open: typeof openEditor }) {
  const host = useRef<HTMLDivElement>(null);
  // What is called is what the page is now; the editor stays the same.
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  const { language } = props;
  useEffect(() => {
    if (host.current === null) return undefined;
    return open({
      host: host.current,
      text: latest.current.text,
      language,
      label,
      changed: (text) => latest.current.onChange(text),
      submit: () => latest.current.onSubmit(),
    });
  }, [open, language]);
  return <div ref={host} className="h-full" />;
}

function PlainField({ text, onChange }: CodeEditorProps) {
  return (
    <textarea
      aria-label={label}
      defaultValue={text}
      maxLength={maxSourceLength}
      spellCheck={false}
      onChange={(event) => onChange(event.target.value)}
      className="block h-full w-full resize-none bg-bg p-3 font-mono text-sm -outline-offset-2 max-[40rem]:text-lg"
    />
  );
}
