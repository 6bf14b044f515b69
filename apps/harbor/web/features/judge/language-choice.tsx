// Which language a program is written in.
import { type Language, language as languages } from "../../../contract/judge.ts";

const names: Readonly<Record<Language, string>> = { javascript: "JavaScript", typescript: "TypeScript" };

interface LanguageChoiceProps {
  readonly language: Language;
  readonly onChoose: (language: Language) => void;
}

export function LanguageChoice({ language, onChoose }: LanguageChoiceProps) {
  return (
    <select
      aria-label="Language"
      value={language}
      onChange={(event) => onChoose(languages.parse(event.target.value))}
      className="h-8 rounded-md border border-line-strong bg-raised px-2 text-sm max-[40rem]:text-lg"
    >
      {languages.options.map((each) => (
        <option key={each} value={each}>
          {names[each]}
        </option>
      ))}
    </select>
  );
}
