// A button that is an icon: its name shows on hover and on focus, and is what a screen reader says.
import { Tooltip } from "@base-ui/react/tooltip";
import type { ComponentProps } from "react";
import { classNames } from "./class-names.ts";

interface IconButtonProps extends ComponentProps<"button"> {
  readonly label: string;
  readonly side?: "top" | "right" | "bottom" | "left";
}

export function IconButton({ label, side = "bottom", className, children, ...rest }: IconButtonProps) {
  return (
    <Named label={label} side={side}>
      <button
        type="button"
        aria-label={label}
        className={classNames(
          "inline-flex size-8 shrink-0 items-center justify-center rounded-md text-soft transition-colors",
          "hover:bg-hover hover:text-text aria-pressed:bg-hover aria-pressed:text-text disabled:opacity-50 [&_svg]:size-4.5",
          className,
        )}
        {...rest}
      >
        {children}
      </button>
    </Named>
  );
}

interface NamedProps {
  readonly label: string;
  readonly side: "top" | "right" | "bottom" | "left";
  readonly children: React.ReactElement;
}

/** Shows `label` beside its child on hover and on focus. */
export function Named({ label, side, children }: NamedProps) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger render={children} />
      <Tooltip.Portal>
        <Tooltip.Positioner side={side} sideOffset={6}>
          <Tooltip.Popup className="floats z-50 rounded-md bg-text px-2 py-1 text-xs text-bg">{label}</Tooltip.Popup>
        </Tooltip.Positioner>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
