// The connection lab: break a connection of one's own in every way there is, and see that nothing is lost.
import type { ReactNode } from "react";
import { PageHeader } from "../../frame/page-header.tsx";
import { useTitle } from "../../frame/unread.tsx";
import { useIsDevelopment } from "../../session/session-provider.tsx";
import { CheckPanel } from "./check-panel.tsx";
import { EventTimeline } from "./event-timeline.tsx";
import { FaultPanel } from "./fault-panel.tsx";
import { LineStatus } from "./line-status.tsx";
import { useLab } from "./lab-provider.tsx";
import { useLine } from "./use-line.ts";

export function LabPage() {
  useTitle("Lab");
  const isDevelopment = useIsDevelopment();
  return (
    <main className="flex min-w-0 flex-1 flex-col">
      <PageHeader title="Lab" detail="Break a connection, and see that nothing is lost" />
      {isDevelopment ? (
        <Bench />
      ) : (
        <Note>The lab breaks connections on purpose. It is there in development alone.</Note>
      )}
    </main>
  );
}

function Bench() {
  const state = useLine();
  const { lab } = useLab();
  if (state.kind === "refused") return <Note>The line was not opened. {state.why}</Note>;
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <div className="mx-auto grid max-w-6xl gap-x-10 gap-y-8 p-4 pt-0 @sm:p-6 @sm:pt-0 @4xl:pt-4 @4xl:grid-cols-[22rem_minmax(0,1fr)]">
        <FaultPanel state={state} />
        {/* On wide pages what one looks at stays, and the faults scroll beside it. */}
        <div className="contents @4xl:sticky @4xl:top-4 @4xl:flex @4xl:h-[calc(100dvh-var(--header)-2.5rem)] @4xl:min-w-0 @4xl:flex-col @4xl:gap-6 @4xl:self-start">
          <LineStatus />
          <CheckPanel />
          <EventTimeline entries={lab.entries} />
        </div>
      </div>
    </div>
  );
}

function Note({ children }: { readonly children: ReactNode }) {
  return <p className="m-auto max-w-sm p-8 text-center text-soft">{children}</p>;
}
