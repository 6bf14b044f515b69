// Who may be mentioned, above the field in which the "@" was typed; the focus stays in the field.
import { useEffect, useRef } from "react";
import { Avatar } from "../../theme/avatar.tsx";
import { classNames } from "../../theme/class-names.ts";
import type { KnownPerson } from "./room-people.ts";
import type { MentionMenuState } from "./use-mention-menu.ts";

export function optionId(menu: MentionMenuState, index: number): string {
  return `${menu.id}-${index}`;
}

export function MentionMenu({ menu }: { readonly menu: MentionMenuState }) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.children[menu.marked]?.scrollIntoView({ block: "nearest" });
  }, [menu.marked, menu.choices]);
  return (
    <div
      ref={list}
      id={menu.id}
      role="listbox"
      aria-label="People"
      className="appears absolute bottom-full left-0 z-10 mb-1 max-h-[60dvh] w-full max-w-80 overflow-y-auto overscroll-contain rounded-lg bg-raised p-1 shadow-float"
    >
      {menu.choices.map((person, index) => (
        <Option key={person.id} menu={menu} person={person} index={index} />
      ))}
    </div>
  );
}

interface OptionProps {
  readonly menu: MentionMenuState;
  readonly person: KnownPerson;
  readonly index: number;
}

function Option({ menu, person, index }: OptionProps) {
  const isMarked = menu.marked === index;
  return (
    // The field has the focus, and the keys.
    <div
      id={optionId(menu, index)}
      role="option"
      aria-selected={isMarked}
      className={classNames(
        "flex h-8 cursor-pointer items-center gap-2.5 rounded-md px-2 max-[40rem]:h-10",
        isMarked && "bg-accent-soft",
      )}
      // A press on it would take the focus out of the field.
      onPointerDown={(event) => event.preventDefault()}
      onMouseDown={(event) => event.preventDefault()}
      onPointerMove={() => isMarked || menu.mark(index)}
      onClick={() => menu.choose(index)}
    >
      <Avatar id={person.id} name={person.name} small />
      <bdi className="min-w-0 truncate">{person.name}</bdi>
      {!person.isHere && <span className="ml-auto shrink-0 text-xs text-soft">not here</span>}
    </div>
  );
}
