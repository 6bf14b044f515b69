// How much is unread, for the rail and the title of the page.
import { createContext, type ReactNode, useContext, useEffect } from "react";

/** Unread by the path of a place. */
export type Unread = Readonly<Record<string, number>>;

const UnreadContext = createContext<Unread>({});

export function UnreadProvider({ unread, children }: { readonly unread: Unread; readonly children: ReactNode }) {
  return <UnreadContext value={unread}>{children}</UnreadContext>;
}

export function useUnread(path: string): number {
  return useContext(UnreadContext)[path] ?? 0;
}

/** Names the page in the browser's tab: what is unread first, since a tab shows little more. */
export function useTitle(name: string): void {
  const total = Object.values(useContext(UnreadContext)).reduce((sum, count) => sum + count, 0);
  useEffect(() => {
    document.title = `${total > 0 ? `(${total > 99 ? "99+" : total}) ` : ""}${name === "" ? "" : `${name} · `}Harbor`;
  }, [name, total]);
}
