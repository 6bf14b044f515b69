// Says what went wrong, what that means and what can be done.
import { Button } from "../theme/button.tsx";

interface ErrorNoteProps {
  readonly what: string;
  readonly why: string;
  readonly action: string;
  readonly onAction: () => void;
}

export function ErrorNote({ what, why, action, onAction }: ErrorNoteProps) {
  return (
    <div role="alert" className="m-auto flex max-w-sm flex-col items-center gap-2 p-8 text-center">
      <p className="text-lg font-semibold">{what}</p>
      <p className="text-soft">{why}</p>
      <Button className="mt-3" onClick={onAction}>
        {action}
      </Button>
    </div>
  );
}
