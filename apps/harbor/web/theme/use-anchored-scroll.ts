// An anchored scroll for a component: settled after each render, before it is painted.
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { AnchoredScroll, type OutOfSight } from "./anchored-scroll.ts";

interface AnchoredScrollOptions {
  readonly opensAtBottom: boolean;
  readonly onMoved?: (outOfSight: OutOfSight) => void;
}

interface AnchoredScrollView {
  readonly scrollerRef: (scroller: HTMLElement | null) => void;
  readonly isAtBottom: boolean;
  readonly toBottom: () => void;
  readonly toRow: (name: string) => void;
}

export function useAnchoredScroll({ opensAtBottom, onMoved }: AnchoredScrollOptions): AnchoredScrollView {
  const [isAtBottom, setIsAtBottom] = useState(opensAtBottom);
  const [scroller, setScroller] = useState<HTMLElement | null>(null);
  const told = useRef(onMoved);
  const [scroll] = useState(() => new AnchoredScroll(opensAtBottom));
  useLayoutEffect(() => {
    told.current = onMoved;
    scroll.settle();
  });
  useEffect(() => {
    if (scroller === null) return undefined;
    return scroll.attach(scroller, { stuck: setIsAtBottom, moved: (outOfSight) => told.current?.(outOfSight) });
  }, [scroll, scroller]);
  const toBottom = useCallback(() => scroll.toBottom(), [scroll]);
  const toRow = useCallback((name: string) => scroll.toRow(name), [scroll]);
  return { scrollerRef: setScroller, isAtBottom, toBottom, toRow };
}
