// Decides what is shown: the entrance, or Harbor itself.
import { CSPProvider } from "@base-ui/react/csp-provider";
import { Tooltip } from "@base-ui/react/tooltip";
import { lazy, Suspense, useEffect } from "react";
import { Router } from "wouter";
import { Connected } from "./connection/connected.tsx";
import { ErrorBoundary } from "./frame/error-boundary.tsx";
import { ErrorNote } from "./frame/error-note.tsx";
import { EnterPage } from "./session/enter-page.tsx";
import { base } from "./session/seat.ts";
import { SessionProvider, useSession } from "./session/session-provider.tsx";

const tooltipDelayMs = 300;

// All places in one piece: whoever is inside can go from one to the other without the server.
const loadInside = () => import("./inside.tsx");
const Inside = lazy(async () => ({ default: (await loadInside()).Inside }));

export function App() {
  return (
    <CSPProvider disableStyleElements>
      <Tooltip.Provider delay={tooltipDelayMs}>
        <ErrorBoundary>
          <Router base={base}>
            <SessionProvider>
              <Door />
            </SessionProvider>
          </Router>
        </ErrorBoundary>
      </Tooltip.Provider>
    </CSPProvider>
  );
}

function Door() {
  const { state, askAgain } = useSession();
  // While somebody thinks of a name, what comes behind the door is fetched.
  useEffect(() => {
    loadInside().catch(() => undefined);
  }, []);
  switch (state.kind) {
    case "asking":
      // It takes a moment only; a sign of life for it would be a flash.
      return <main aria-busy className="h-full" />;
    case "failed":
      return (
        <main className="flex h-full">
          <ErrorNote what="Harbor does not answer." why={state.why} action="Try again" onAction={askAgain} />
        </main>
      );
    case "known":
      return (
        <Connected key={state.me?.id ?? "nobody"}>
          {state.me === null ? (
            <EnterPage />
          ) : (
            <Suspense fallback={<main aria-busy className="h-full" />}>
              <Inside />
            </Suspense>
          )}
        </Connected>
      );
  }
}
