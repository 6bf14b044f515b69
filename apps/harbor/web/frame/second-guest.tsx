// The second guest: another session of its own, in a frame beside this one, to see both ends of a conversation.
import { createContext, type ReactNode, useContext, useMemo, useState } from "react";
import { isFramed, seat } from "../session/seat.ts";

interface SecondGuest {
  /** False inside the frame, and on another seat: two are enough. */
  readonly isPossible: boolean;
  readonly isOpen: boolean;
  readonly toggle: () => void;
}

const SecondGuestContext = createContext<SecondGuest | null>(null);

export function useSecondGuest(): SecondGuest {
  const guest = useContext(SecondGuestContext);
  if (guest === null) throw new TypeError("useSecondGuest is used below WithSecondGuest");
  return guest;
}

const address = "/seat/2/chat";

export function WithSecondGuest({ children }: { readonly children: ReactNode }) {
  const [isOpen, setIsOpen] = useState(false);
  const guest = useMemo<SecondGuest>(
    () => ({
      isPossible: seat === 1 && !isFramed,
      isOpen,
      toggle: () => {
        // Half of a small screen is of no use to anybody: there the guest gets a tab.
        if (!isOpen && window.innerWidth < 900) window.open(address, "_blank", "noopener");
        else setIsOpen(!isOpen);
      },
    }),
    [isOpen],
  );
  return (
    <SecondGuestContext value={guest}>
      <div className="flex h-full">
        <div className="h-full min-w-0 flex-1">{children}</div>
        {isOpen && <GuestFrame />}
      </div>
    </SecondGuestContext>
  );
}

function GuestFrame() {
  return <iframe title="Second guest" src={address} className="h-full w-1/2 border-0 border-l-2 border-line-strong" />;
}
