// Mentions in a message's HTML: where the rule found them in what was written, whatever the markdown around them is.
import type { Options } from "micromark";
import type { Mentioned } from "../../../contract/mentions-in.ts";
import type { MentionOf } from "./room-people.ts";

type HtmlExtension = NonNullable<Options["htmlExtensions"]>[number];
type Handle = NonNullable<NonNullable<HtmlExtension["exit"]>["data"]>;

/** For micromark, whose tokens know their places in the text. */
export function markingMentions(mentions: readonly Mentioned<MentionOf>[]): HtmlExtension {
  if (mentions.length === 0) return {};
  const marked: Handle = function mark(token) {
    const text = this.sliceSerialize(token);
    const at = token.start.offset;
    let done = 0;
    for (const { from, to, person } of mentions) {
      const [begin, end] = [Math.max(from - at, done), Math.min(to - at, text.length)];
      if (begin >= end) continue;
      this.raw(this.encode(text.slice(done, begin)));
      this.tag(person === "me" ? '<mark data-mention="me">' : "<mark>");
      this.raw(this.encode(text.slice(begin, end)));
      this.tag("</mark>");
      done = end;
    }
    this.raw(this.encode(text.slice(done)));
  };
  const markedInBlock: Handle = function mark(token) {
    marked.call(this, token);
    // What micromark notes itself, so that the block ends on a line of its own.
    this.setData("flowCodeSeenData", true);
  };
  const exit = { data: marked, codeTextData: marked, characterEscapeValue: marked, codeFlowValue: markedInBlock };
  return { exit };
}

/** One mark for a mention that is several pieces of text to micromark, such as around an underscore. */
export function joinMarks(html: string): string {
  // What somebody wrote has no "<" left.
  return html.replaceAll(/(?<=(<mark[^>]*>)[^<]*)<\/mark>\1/g, "");
}
