// Mentions in the HTML that is made of a message: marked where the rule found them, whatever the markdown around them is.
import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { expect, test } from "vitest";
import { mentionsIn } from "../../../contract/mentions-in.ts";
import { joinMarks, markingMentions } from "./mention-marks.ts";
import type { MentionOf } from "./room-people.ts";

const people = new Map<string, MentionOf>([
  ["ada", "me"],
  ["bo", "other"],
  ["bo_b & co", "other"],
  ["lou", "other"],
]);

function html(text: string): string {
  const mentions = mentionsIn(text, (key) => people.get(key));
  const htmlExtensions = [gfmHtml(), markingMentions(mentions)];
  return joinMarks(micromark(text, { extensions: [gfm()], htmlExtensions }));
}

test.each([
  ["@Bo, look", "<p><mark>@Bo</mark>, look</p>"],
  ["Hello @ada", '<p>Hello <mark data-mention="me">@ada</mark></p>'],
  ["@Bo and @Ada and @Nobody", '<p><mark>@Bo</mark> and <mark data-mention="me">@Ada</mark> and @Nobody</p>'],
  ["**@Bo** *x*", "<p><strong><mark>@Bo</mark></strong> <em>x</em></p>"],
  ["`@Bo`", "<p><code><mark>@Bo</mark></code></p>"],
  ["- @Bo\n- <b>@Lou", "<ul>\n<li><mark>@Bo</mark></li>\n<li>&lt;b&gt;<mark>@Lou</mark></li>\n</ul>"],
  ["> @Bo\n@Lou", "<blockquote>\n<p><mark>@Bo</mark>\n<mark>@Lou</mark></p>\n</blockquote>"],
  ["```\nx @Bo\n@Lou\n```", "<pre><code>x <mark>@Bo</mark>\n<mark>@Lou</mark>\n</code></pre>"],
  ["me@bo.example", '<p><a href="mailto:me@bo.example">me@bo.example</a></p>'],
  ["https://example.org/@Bo", '<p><a href="https://example.org/@Bo">https://example.org/@Bo</a></p>'],
  ["[@Bo](https://example.org)", '<p><a href="https://example.org"><mark>@Bo</mark></a></p>'],
  ["no mention & <b>", "<p>no mention &amp; &lt;b&gt;</p>"],
])("%j", (text, expected) => {
  expect(html(text).trim()).toBe(expected);
});

test("a name that is more than one piece of text to the markdown is one mention", () => {
  expect(html("@Bo_b & co!")).toBe("<p><mark>@Bo_b &amp; co</mark>!</p>");
});
