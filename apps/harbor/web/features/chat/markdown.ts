// A message's markdown as safe HTML: emphasis, code, lists, quotes and links; no images, no headings, no HTML of its own.
import DOMPurify from "dompurify";
import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import type { Mentioned } from "../../../contract/mentions-in.ts";
import { joinMarks, markingMentions } from "./mention-marks.ts";
import type { MentionOf } from "./room-people.ts";

// Constructs that make no sense in a line of chat stay the text they are.
const disabled = [
  "definition",
  "headingAtx",
  "setextUnderline",
  "htmlFlow",
  "htmlText",
  "labelStartImage",
  "thematicBreak",
  "codeIndented",
];

const purifier = DOMPurify(window);

purifier.addHook("afterSanitizeAttributes", (node) => {
  // It scrolls sideways, so the keyboard has to get there.
  if (node.tagName === "PRE") node.setAttribute("tabindex", "0");
  if (node.tagName !== "A") return;
  // A link to somewhere we do not let it go is the text it was.
  if (node.getAttribute("href") === "") node.removeAttribute("href");
  node.setAttribute("target", "_blank");
  // The page that is opened learns nothing about this one and cannot reach it.
  node.setAttribute("rel", "noopener noreferrer nofollow");
});

/**
 * Two walls: micromark escapes all HTML and drops other protocols, and what it made is let through by a list of tags.
 * What comes back is marked as trusted, where the browser asks for that.
 */
export function renderMarkdown(text: string, mentions: readonly Mentioned<MentionOf>[] = []): TrustedHTML {
  const html = micromark(text, {
    allowDangerousHtml: false,
    allowDangerousProtocol: false,
    extensions: [gfm(), { disable: { null: disabled } }],
    htmlExtensions: [gfmHtml(), markingMentions(mentions)],
  });
  return purifier.sanitize(joinMarks(html), {
    ALLOWED_TAGS: ["p", "em", "strong", "del", "code", "pre", "blockquote", "ul", "ol", "li", "a", "br", "mark"],
    ALLOWED_ATTR: ["href", "start", "data-mention"],
    ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
    RETURN_TRUSTED_TYPE: true,
  });
}
