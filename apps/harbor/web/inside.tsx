// Harbor for those who have come in: the frame and its places.
import { Redirect, Route, Switch, useLocation } from "wouter";
import { AnalyticsPage } from "./features/analytics/analytics-page.tsx";
import { ChatPage } from "./features/chat/chat-page.tsx";
import { OutboxProvider } from "./features/chat/outbox-provider.tsx";
import { RoomsProvider } from "./features/chat/rooms-provider.tsx";
import { LabPage } from "./features/lab/lab-page.tsx";
import { LabProvider } from "./features/lab/lab-provider.tsx";
import { LivePage } from "./features/live/live-page.tsx";
import { MailPage } from "./features/mail/mail-page.tsx";
import { MarketPage } from "./features/market/market-page.tsx";
import { ErrorNote } from "./frame/error-note.tsx";
import { SizedFrame, useFrameSize } from "./frame/frame-size.tsx";
import { BottomBar, Rail } from "./frame/rail.tsx";
import { WithSecondGuest } from "./frame/second-guest.tsx";

export function Inside() {
  return (
    <OutboxProvider>
      <RoomsProvider>
        <LabProvider>
          <WithSecondGuest>
            <SizedFrame className="@container h-full">
              <Places />
            </SizedFrame>
          </WithSecondGuest>
        </LabProvider>
      </RoomsProvider>
    </OutboxProvider>
  );
}

function Places() {
  const isPhone = useFrameSize() === "phone";
  return (
    <div className={isPhone ? "flex h-full flex-col" : "flex h-full"}>
      {!isPhone && <Rail />}
      <div className="flex min-h-0 min-w-0 flex-1">
        <Switch>
          <Route path="/">
            <Redirect to="/chat" replace />
          </Route>
          <Route path="/chat/:room?">
            <ChatPage />
          </Route>
          <Route path="/live">
            <LivePage />
          </Route>
          <Route path="/market">
            <MarketPage />
          </Route>
          <Route path="/analytics">
            <AnalyticsPage />
          </Route>
          <Route path="/mail">
            <MailPage />
          </Route>
          <Route path="/lab">
            <LabPage />
          </Route>
          <Route>
            <Nowhere />
          </Route>
        </Switch>
      </div>
      {isPhone && <BottomBar />}
    </div>
  );
}

function Nowhere() {
  const [, navigate] = useLocation();
  return (
    <main className="flex flex-1">
      <ErrorNote
        what="There is nothing at this address."
        why="The link may be old, or has a letter too few."
        action="Go to the chat"
        onAction={() => navigate("/chat")}
      />
    </main>
  );
}
