// Keeps a list at its bottom until somebody scrolls up, and again once somebody is back at the bottom.
import { useCallback, useEffect, useRef, useState } from "react";

/** Whoever is this near to the bottom is at the bottom. */
const nearPx = 60;

export interface Sticking {
  /** Whether what comes next will be in sight. */
  readonly isAtBottom: boolean;
  /** For the list: its scrolling element. */
  readonly scrollerRef: (scroller: HTMLElement | Window | null) => void;
  /** For the list: told whenever its height changed. Rows are measured after they were put in, so once is not enough. */
  readonly heightChanged: () => void;
  readonly toBottom: () => void;
}

export function useSticking(sticksAtFirst: boolean): Sticking {
  const [isAtBottom, setIsAtBottom] = useState(sticksAtFirst);
  const [scroller, setScroller] = useState<HTMLElement | null>(null);
  const sticks = useRef(sticksAtFirst);

  const stick = useCallback((isSticking: boolean) => {
    sticks.current = isSticking;
    setIsAtBottom(isSticking);
  }, []);
  const goDown = useCallback(() => {
    if (scroller !== null && sticks.current) scroller.scrollTo({ top: scroller.scrollHeight });
  }, [scroller]);

  useEffect(() => {
    if (scroller === null) return undefined;
    let lastTop = scroller.scrollTop;
    let lastHeight = scroller.scrollHeight;
    const scrolled = (): void => {
      const { clientHeight, scrollHeight, scrollTop } = scroller;
      const isNear = scrollHeight - scrollTop - clientHeight <= nearPx;
      // Only a person moves it up while its height stays; the list itself moves it when rows are added or measured.
      const isMovedUp = scrollTop < lastTop - 1 && scrollHeight === lastHeight;
      if (isNear) stick(true);
      else if (isMovedUp) stick(false);
      lastTop = scrollTop;
      lastHeight = scrollHeight;
    };
    scroller.addEventListener("scroll", scrolled, { passive: true });
    // The composer grows, a phone is turned, the keyboard comes up: the bottom stays the bottom.
    const observer = new ResizeObserver(goDown);
    observer.observe(scroller);
    return () => {
      scroller.removeEventListener("scroll", scrolled);
      observer.disconnect();
    };
  }, [scroller, stick, goDown]);

  const toBottom = useCallback(() => {
    stick(true);
    goDown();
  }, [stick, goDown]);
  const scrollerRef = useCallback((element: HTMLElement | Window | null) => {
    setScroller(element instanceof HTMLElement ? element : null);
  }, []);
  return { isAtBottom, scrollerRef, heightChanged: goDown, toBottom };
}
