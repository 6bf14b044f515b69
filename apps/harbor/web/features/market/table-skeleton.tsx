// Stands in for quotes that are on their way, in their shape; it shows only when they take a moment.
import { useConnection } from "@tidewire/react";

const rows = [52, 38, 61, 45, 70, 33, 57, 48];

export function TableSkeleton() {
  const isConnected = useConnection().kind === "connected";
  return (
    <>
      {isConnected || (
        <tr>
          <td colSpan={5} className="h-16 text-center text-soft">
            There is no connection yet. The quotes come with it.
          </td>
        </tr>
      )}
      {rows.map((width) => (
        <tr key={width} className="appears-late" aria-hidden>
          <td colSpan={5} className="h-8 border-b border-line">
            <div className="h-3 rounded-sm bg-hover" style={{ width: `${width}%` }} />
          </td>
        </tr>
      ))}
    </>
  );
}
