// Opens the list of rooms where there is no room for a pane.
import { PanelLeft } from "lucide-react";
import { useUnread } from "../../frame/unread.tsx";

export function RoomsButton({ onClick }: { readonly onClick: () => void }) {
  const unread = useUnread("/chat");
  return (
    <button
      type="button"
      aria-label={unread > 0 ? `Rooms, ${unread} unread` : "Rooms"}
      onClick={onClick}
      className="relative -ml-2 inline-flex size-9 shrink-0 items-center justify-center rounded-md text-soft hover:bg-hover hover:text-text"
    >
      <PanelLeft aria-hidden className="size-5" />
      {unread > 0 && (
        <span aria-hidden className="absolute top-1.5 right-1 size-2 rounded-full bg-accent ring-2 ring-bg" />
      )}
    </button>
  );
}
