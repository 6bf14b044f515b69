// An anchored scroll for a component: settled after each render, before it is painted.
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { AnchoredScroll, type OutOfSight } from "./anchored-scroll.ts";

interface AnchoredScrollOptions {
  readonly opensAtBottom: boolean;
  /** Whether the last row in the page is the last there is. Default: true. */
  readonly isAtEnd?: boolean;
  readonly onMoved?: (outOfSight: OutOfSight) => void;
}

interface AnchoredScrollView {
  readonly scrollerRef: (scroller: HTMLElement | null) => void;
  readonly isAtBottom: boolean;
  readonly toBottom: () => void;
  readonly toRow: (name: string) => void;
}

export function useAnchoredScroll({
  opensAtBottom,
  isAtEnd = true,
  onMoved,
}: AnchoredScrollOptions): AnchoredScrollView {
  const [isAtBottom, setIsAtBottom] = useState(opensAtBottom);
  const [scroller, setScroller] = useState<HTMLElement | null>(null);
  const latest = useRef({ isAtEnd, onMoved });
  const [scroll] = useState(() => new AnchoredScroll(opensAtBottom));
  useLayoutEffect(() => {
    latest.current = { isAtEnd, onMoved };
    scroll.settle();
  });
  useEffect(() => {
    if (scroller === null) return undefined;
    return scroll.attach(scroller, {
      isAtEnd: () => latest.current.isAtEnd,
      stuck: setIsAtBottom,
      moved: (outOfSight) => latest.current.onMoved?.(outOfSight),
    });
  }, [scroll, scroller]);
  const toBottom = useCallback(() => scroll.toBottom(), [scroll]);
  const toRow = useCallback((name: string) => scroll.toRow(name), [scroll]);
  return { scrollerRef: setScroller, isAtBottom, toBottom, toRow };
}
