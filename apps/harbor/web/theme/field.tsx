// One line to fill in, with its name above and its problem below.
import { type ComponentProps, useId } from "react";
import { classNames } from "./class-names.ts";

interface FieldProps extends ComponentProps<"input"> {
  readonly label: string;
  /** Stands beside the name, as in "optional". */
  readonly note?: string;
  /** What is wrong with what was filled in. */
  readonly problem?: string | null;
  readonly large?: boolean;
}

export function Field({ label, note, problem = null, large = false, className, ...rest }: FieldProps) {
  const id = useId();
  return (
    <div>
      <label htmlFor={id} className="mb-1 block text-sm font-medium">
        {label}
        {note !== undefined && <span className="font-normal text-soft"> {note}</span>}
      </label>
      <input
        id={id}
        aria-invalid={problem !== null}
        aria-describedby={problem === null ? undefined : `${id}-problem`}
        className={classNames(
          "w-full rounded-md border bg-raised px-3 placeholder:text-soft focus-visible:outline-offset-0",
          // Under 16 px a phone enlarges the whole page when one taps into it.
          large ? "h-11 text-lg" : "h-9 max-[40rem]:text-lg",
          problem === null ? "border-line-strong" : "border-bad",
          className,
        )}
        {...rest}
      />
      {problem !== null && (
        <p id={`${id}-problem`} role="alert" className="mt-1 text-sm text-bad">
          {problem}
        </p>
      )}
    </div>
  );
}
