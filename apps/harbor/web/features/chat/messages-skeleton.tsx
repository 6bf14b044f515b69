// Stands in for messages that are on their way, in their shape; it shows only when they take a moment.
import { useConnection } from "@tidewire/react";

const rows = [
  [22, 64, 38],
  [16, 52],
  [26, 71, 58],
] as const;

export function MessagesSkeleton() {
  const isConnected = useConnection().kind === "connected";
  return (
    <div
      role="status"
      className="appears-late flex min-h-0 flex-1 flex-col justify-end gap-5 overflow-hidden px-4 pb-6"
    >
      <span className="sr-only">Reading the messages</span>
      {rows.map(([name, ...lines]) => (
        <div key={name} aria-hidden className="grid grid-cols-[2.25rem_minmax(0,1fr)] gap-x-3">
          <div className="size-9 rounded-full bg-hover" />
          <div className="space-y-2 pt-0.5">
            <div className="h-3 rounded-sm bg-hover" style={{ width: `${name}%` }} />
            {lines.map((width) => (
              <div key={width} className="h-3 rounded-sm bg-hover" style={{ width: `${width}%` }} />
            ))}
          </div>
        </div>
      ))}
      {!isConnected && <p className="text-sm text-soft">There is no connection yet. The messages come with it.</p>}
    </div>
  );
}
