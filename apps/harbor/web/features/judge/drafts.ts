// Programs that are being written, kept in the browser until they are handed in and after that.
import type { Language } from "../../../contract/judge.ts";
import { beginningOf, type Problem } from "../../../contract/judge-problems.ts";

export interface DraftPlace {
  readonly person: string;
  readonly problem: Problem;
  readonly language: Language;
}

function keyOf({ person, problem, language }: DraftPlace): string {
  return `harbor.judge.${person}.${problem.id}.${language}`;
}

export function readDraft(place: DraftPlace): string {
  return read(keyOf(place)) ?? beginningOf(place.problem, place.language);
}

export function keepDraft(place: DraftPlace, text: string): void {
  write(keyOf(place), text);
}

const languageKey = "harbor.judge.language";

export function chosenLanguage(): Language {
  return read(languageKey) === "javascript" ? "javascript" : "typescript";
}

export function chooseLanguage(language: Language): void {
  write(languageKey, language);
}

// Storage may be forbidden or full: then a program lives as long as its page.
function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    return;
  }
}
