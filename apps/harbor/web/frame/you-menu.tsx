// Who I am, as a menu: the theme, a second guest, and leaving.
import { Menu } from "@base-ui/react/menu";
import { useState } from "react";
import { Check, LogOut, Mail, Monitor, Moon, Sun, UserPlus } from "lucide-react";
import { useLocation } from "wouter";
import { useIsDevelopment, useMe, useSession } from "../session/session-provider.tsx";
import { Avatar } from "../theme/avatar.tsx";
import { chooseTheme, type ThemeChoice, useThemeChoice } from "../theme/theme-choice.ts";
import { useSecondGuest } from "./second-guest.tsx";

const item =
  "flex h-8 cursor-default items-center gap-2.5 rounded-md px-2 text-sm outline-none data-highlighted:bg-hover [&_svg]:size-4 [&_svg]:text-soft";

export function YouMenu({ side }: { readonly side: "right" | "top" }) {
  const me = useMe();
  const { leave } = useSession();
  const guest = useSecondGuest();
  const isDevelopment = useIsDevelopment();
  const [, navigate] = useLocation();
  // Beside its button and so within the same landmark, not at the end of the page.
  const [place, setPlace] = useState<HTMLElement | null>(null);
  return (
    <Menu.Root>
      <span ref={setPlace} />
      <Menu.Trigger aria-label={`You: ${me.name}`} className="rounded-full">
        <Avatar id={me.id} name={me.name} />
      </Menu.Trigger>
      <Menu.Portal container={place}>
        <Menu.Positioner side={side} align="end" sideOffset={8}>
          <Menu.Popup className="floats z-50 w-56 rounded-lg bg-raised p-1.5 shadow-float outline-none">
            <p className="truncate px-2 pt-1 pb-2 text-sm font-semibold">
              <bdi>{me.name}</bdi>
            </p>
            {guest.isPossible && (
              <Menu.Item className={item} onClick={guest.toggle}>
                <UserPlus aria-hidden />
                {guest.isOpen ? "Close the second guest" : "Open a second guest"}
              </Menu.Item>
            )}
            {isDevelopment && (
              <Menu.Item className={item} onClick={() => navigate("/mail")}>
                <Mail aria-hidden />
                Mail of development
              </Menu.Item>
            )}
            <ThemeItems />
            <Menu.Separator className="mx-2 my-1.5 h-px bg-line" />
            <Menu.Item className={item} onClick={() => void leave().catch(() => location.reload())}>
              <LogOut aria-hidden />
              Leave
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

const themes = [
  { choice: "system", name: "As the system", icon: Monitor },
  { choice: "light", name: "Light", icon: Sun },
  { choice: "dark", name: "Dark", icon: Moon },
] as const satisfies readonly { choice: ThemeChoice; name: string; icon: unknown }[];

function ThemeItems() {
  const chosen = useThemeChoice();
  return (
    <Menu.Group>
      <Menu.GroupLabel className="px-2 pt-2 pb-1 text-xs text-soft">Theme</Menu.GroupLabel>
      <Menu.RadioGroup value={chosen} onValueChange={(choice: ThemeChoice) => chooseTheme(choice)}>
        {themes.map((theme) => (
          <Menu.RadioItem key={theme.choice} value={theme.choice} className={item}>
            <theme.icon aria-hidden />
            <span className="flex-1">{theme.name}</span>
            <Menu.RadioItemIndicator>
              <Check aria-hidden />
            </Menu.RadioItemIndicator>
          </Menu.RadioItem>
        ))}
      </Menu.RadioGroup>
    </Menu.Group>
  );
}
