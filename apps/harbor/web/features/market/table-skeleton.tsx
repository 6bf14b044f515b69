// Stands in for quotes that are on their way, in their shape; it shows only when they take a moment.

const rows = [52, 38, 61, 45, 70, 33, 57, 48];

export function TableSkeleton() {
  return (
    <div aria-hidden className="appears-late mx-auto max-w-6xl">
      {rows.map((width) => (
        <div key={width} className="flex h-8 items-center border-b border-line">
          <div className="h-3 rounded-sm bg-hover" style={{ width: `${width}%` }} />
        </div>
      ))}
    </div>
  );
}
