// The rail: where one can go, and who one is. On phones the same as a bar at the bottom.
import { Link, useLocation } from "wouter";
import { classNames } from "../theme/class-names.ts";
import { Named } from "../theme/icon-button.tsx";
import { Mark } from "./mark.tsx";
import { type Place, places } from "./places.ts";
import { useUnread } from "./unread.tsx";
import { YouMenu } from "./you-menu.tsx";

export function Rail() {
  return (
    <nav
      aria-label="Places"
      className="flex w-(--rail) shrink-0 flex-col items-center gap-1 border-r border-line bg-sunken py-3"
    >
      <Mark className="mb-3 size-8" />
      {places.map((place) => (
        <RailLink key={place.path} place={place} />
      ))}
      <div className="mt-auto">
        <YouMenu side="right" />
      </div>
    </nav>
  );
}

function RailLink({ place }: { readonly place: Place }) {
  const isHere = useIsHere(place.path);
  const unread = useUnread(place.path);
  return (
    <Named label={place.name} side="right">
      <Link
        href={place.path}
        aria-label={labelOf(place, unread)}
        aria-current={isHere ? "page" : undefined}
        className={classNames(
          "relative flex size-10 items-center justify-center rounded-lg transition-colors [&_svg]:size-5",
          isHere ? "bg-accent-soft text-accent" : "text-soft hover:bg-hover hover:text-text",
        )}
      >
        <place.icon aria-hidden strokeWidth={isHere ? 2.1 : 1.8} />
        {unread > 0 && <UnreadDot className="top-1.5 right-1.5" />}
      </Link>
    </Named>
  );
}

export function BottomBar() {
  return (
    <nav
      aria-label="Places"
      className="flex h-(--bar) shrink-0 items-stretch border-t border-line bg-sunken pb-[env(safe-area-inset-bottom)]"
    >
      {places.map((place) => (
        <BarLink key={place.path} place={place} />
      ))}
      <div className="flex flex-1 items-center justify-center">
        <YouMenu side="top" />
      </div>
    </nav>
  );
}

function BarLink({ place }: { readonly place: Place }) {
  const isHere = useIsHere(place.path);
  const unread = useUnread(place.path);
  return (
    <Link
      href={place.path}
      aria-label={labelOf(place, unread)}
      aria-current={isHere ? "page" : undefined}
      className={classNames(
        "flex flex-1 flex-col items-center justify-center gap-0.5 text-xs -outline-offset-2 [&_svg]:size-5",
        isHere ? "font-medium text-accent" : "text-soft",
      )}
    >
      <span className="relative">
        <place.icon aria-hidden strokeWidth={isHere ? 2.1 : 1.8} />
        {unread > 0 && <UnreadDot className="-top-0.5 -right-1" />}
      </span>
      {place.name}
    </Link>
  );
}

function UnreadDot({ className }: { readonly className: string }) {
  return (
    <span aria-hidden className={classNames("absolute size-2 rounded-full bg-accent ring-2 ring-sunken", className)} />
  );
}

function labelOf(place: Place, unread: number): string {
  return unread > 0 ? `${place.name}, ${unread} unread` : place.name;
}

function useIsHere(path: string): boolean {
  const [location] = useLocation();
  return location === path || location.startsWith(`${path}/`);
}
