// Buttons: one that leads, quiet ones, and one for what cannot be undone.
import type { ComponentProps } from "react";
import { classNames } from "./class-names.ts";

type Look = "leading" | "plain" | "quiet" | "grave";

const looks: Readonly<Record<Look, string>> = {
  leading: "bg-accent text-on-accent hover:bg-accent-strong disabled:bg-hover disabled:text-soft",
  plain: "border border-line bg-raised text-text hover:bg-hover disabled:text-soft",
  quiet: "text-soft hover:bg-hover hover:text-text disabled:hover:bg-transparent",
  grave: "border border-line bg-raised text-bad hover:bg-bad-soft disabled:text-soft",
};

export interface ButtonProps extends ComponentProps<"button"> {
  readonly look?: Look;
}

export function Button({ look = "plain", className, type = "button", ...rest }: ButtonProps) {
  return (
    <button
      type={type}
      className={classNames(
        "inline-flex h-8 shrink-0 items-center justify-center gap-2 rounded-md px-3 text-sm font-medium whitespace-nowrap",
        "transition-colors [&_svg]:size-4",
        looks[look],
        className,
      )}
      {...rest}
    />
  );
}
