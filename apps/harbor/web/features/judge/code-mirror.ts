// The editor itself, which is fetched when somebody opens a problem. It lives in a shadow tree: there its styles are sheets
// that a script makes, which our policy allows; in the page they would be a style element, which it does not.
import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { javascript } from "@codemirror/lang-javascript";
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { EditorState, Prec } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { type Language, maxSourceLength } from "../../../contract/judge.ts";

export interface EditorOptions {
  readonly host: HTMLElement;
  readonly text: string;
  readonly language: Language;
  readonly label: string;
  readonly changed: (text: string) => void;
  readonly submit: () => void;
}

/** @returns What takes it away. */
export function openEditor({ host, text, language, label, changed, submit }: EditorOptions): () => void {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        Prec.highest(keymap.of([{ key: "Mod-Enter", run: () => (submit(), true) }])),
        lineNumbers(),
        highlightActiveLine(),
        highlightActiveLineGutter(),
        history(),
        drawSelection(),
        indentOnInput(),
        bracketMatching(),
        closeBrackets(),
        javascript({ typescript: language === "typescript" }),
        syntaxHighlighting(colours),
        // Escape and then Tab leaves it, as CodeMirror has it for those who have no mouse.
        keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab]),
        EditorState.changeFilter.of(({ newDoc }) => newDoc.length <= maxSourceLength),
        EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", tabindex: "0" }),
        EditorView.updateListener.of(({ docChanged, state }) => {
          if (docChanged) changed(state.doc.toString());
        }),
        typingOver,
        look,
      ],
    }),
  });
  return () => view.destroy();
}

/**
 * What is typed in place of a selection, we put there ourselves: Chromium would give it the looks of what it replaces as an
 * inline style, which our policy stops and complains of.
 */
const typingOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { data, inputType } = event;
    const { from, to, empty } = view.state.selection.main;
    if (inputType !== "insertText" || data === null || empty || view.composing) return false;
    event.preventDefault();
    const insert = () =>
      view.state.update(view.state.replaceSelection(data), { userEvent: "input.type", scrollIntoView: true });
    const handlers = view.state.facet(EditorView.inputHandler);
    if (!handlers.some((handle) => handle(view, from, to, data, insert))) view.dispatch(insert());
    return true;
  },
});

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: "var(--person-6)" },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], color: "var(--good)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--person-1)" },
  { tag: [tags.typeName, tags.className], color: "var(--person-4)" },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName)], color: "var(--accent)" },
  { tag: tags.comment, color: "var(--text-soft)", fontStyle: "italic" },
  { tag: tags.invalid, color: "var(--bad)" },
]);

const look = EditorView.theme({
  "&": { height: "100%", color: "var(--text)", backgroundColor: "var(--bg)", fontSize: "0.8125rem" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
  ".cm-scroller": {
    fontFamily: "var(--font-mono)",
    lineHeight: "1.55",
    scrollbarWidth: "thin",
  },
  ".cm-content": { padding: "0.5rem 0", caretColor: "var(--text)" },
  ".cm-gutters": { color: "var(--text-soft)", backgroundColor: "var(--bg)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": {
    backgroundColor: "color-mix(in oklch, var(--hover) 55%, transparent)",
  },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in oklch, var(--accent) 28%, transparent)",
  },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--accent-soft)" },
  // Under 16 px a phone enlarges the whole page when one taps into it.
  "@media (max-width: 40rem)": { "&": { fontSize: "1rem" } },
});
