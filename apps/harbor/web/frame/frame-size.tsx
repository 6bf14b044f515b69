// How much room the frame has: it decides what is a pane and what is a sheet. Not the window's width, since the
// second guest takes half of it.
import { createContext, type ReactNode, useContext, useLayoutEffect, useRef, useState } from "react";

export type FrameSize = "phone" | "narrow" | "wide";

const FrameSizeContext = createContext<FrameSize>("wide");

export function useFrameSize(): FrameSize {
  return useContext(FrameSizeContext);
}

function sizeFor(widthPx: number): FrameSize {
  return widthPx < 640 ? "phone" : widthPx < 900 ? "narrow" : "wide";
}

export function SizedFrame({ className, children }: { readonly className: string; readonly children: ReactNode }) {
  const root = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState<FrameSize>(() => sizeFor(window.innerWidth));

  useLayoutEffect(() => {
    const element = root.current;
    if (element === null) return undefined;
    const measure = (): void => setSize(sizeFor(element.clientWidth));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  return (
    <div ref={root} className={className}>
      <FrameSizeContext value={size}>{children}</FrameSizeContext>
    </div>
  );
}
