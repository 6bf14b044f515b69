// A person as a round mark: initials on the person's colour.
import type { CSSProperties } from "react";
import { colourOf } from "../../contract/person.ts";
import { classNames } from "./class-names.ts";

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** The first letters of the first and the last word; an emoji stands alone. */
function initialsOf(name: string): string {
  const words = name.split(" ").filter((word) => word !== "");
  const ends = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  const letters = ends.map((word) => firstLetter(word ?? ""));
  if (/\p{Extended_Pictographic}/u.test(letters[0] ?? "")) return letters[0] ?? "";
  // The mark between them keeps letters of joined scripts apart: they are initials, not a word.
  return letters.join("\u200c").toUpperCase();
}

function firstLetter(word: string): string {
  for (const { segment } of segmenter.segment(word)) return segment;
  return "";
}

/** Sets the colour that `person` and the avatar draw with. */
export function personStyle(personId: string): CSSProperties {
  return { "--person": `var(--person-${colourOf(personId)})` } as CSSProperties;
}

interface AvatarProps {
  readonly id: string;
  readonly name: string;
  readonly small?: boolean;
}

export function Avatar({ id, name, small = false }: AvatarProps) {
  return (
    // The letters are drawn, not written: they are no text to read out, to find or to copy.
    <span
      aria-hidden
      data-initials={initialsOf(name)}
      style={personStyle(id)}
      className={classNames(
        "person inline-flex shrink-0 items-center justify-center rounded-full font-semibold select-none",
        "bg-[color-mix(in_oklab,var(--person)_13%,var(--bg))] before:content-[attr(data-initials)]",
        small ? "size-6 text-[0.625rem]" : "size-9 text-xs",
      )}
    />
  );
}
