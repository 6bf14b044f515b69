// The top of every page: where one is, what one can do here, and how the connection is.
import type { ReactNode } from "react";
import { ConnectionStatus } from "./connection-status.tsx";

interface PageHeaderProps {
  readonly title: string;
  readonly detail?: string;
  /** Stands before the title. */
  readonly before?: ReactNode;
  readonly children?: ReactNode;
}

export function PageHeader({ title, detail, before, children }: PageHeaderProps) {
  return (
    <header className="flex h-(--header) shrink-0 items-center gap-1 border-b border-line pr-2 pl-4">
      {before}
      <div className="flex min-w-0 flex-1 items-baseline gap-3">
        <h1 className="min-w-0 shrink-0 truncate text-lg font-semibold max-w-full">
          <bdi>{title}</bdi>
        </h1>
        {detail !== undefined && <p className="min-w-0 truncate text-sm text-soft max-[40rem]:hidden">{detail}</p>}
      </div>
      <ConnectionStatus />
      {children}
    </header>
  );
}
