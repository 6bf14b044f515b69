// The mailbox of development: the mails that Harbor would have sent.
import type { ReactNode } from "react";
import { useConnection } from "@tidewire/react";
import { ErrorNote } from "../../frame/error-note.tsx";
import { PageHeader } from "../../frame/page-header.tsx";
import { useTitle } from "../../frame/unread.tsx";
import { useIsDevelopment } from "../../session/session-provider.tsx";
import { Button } from "../../theme/button.tsx";
import { MailItem } from "./mail-item.tsx";
import { useMailbox } from "./use-mailbox.ts";

export function MailPage() {
  useTitle("Mail");
  const isDevelopment = useIsDevelopment();
  return (
    <main className="flex min-w-0 flex-1 flex-col">
      <PageHeader title="Mail" detail="What would have left by e-mail stays here" />
      {isDevelopment ? <Mails /> : <Note>Here mail is sent. It is kept in a mailbox in development alone.</Note>}
    </main>
  );
}

function Mails() {
  const { state, readAgain, readOlder } = useMailbox();
  const isConnected = useConnection().kind === "connected";
  if (state.kind === "failed") {
    return <ErrorNote what="The mail cannot be shown." why={state.why} action="Try again" onAction={readAgain} />;
  }
  if (state.kind === "loading") {
    return (
      <p role="status" className="appears-late m-auto p-8 text-soft">
        {isConnected ? "Reading the mail" : "There is no connection yet. The mail comes with it."}
      </p>
    );
  }
  if (state.mails.length === 0) {
    return (
      <Note>
        No mail was sent yet. Mention somebody in the chat who is away, as in <b className="font-semibold">@Name</b>,
        and it comes here a moment later.
      </Note>
    );
  }
  return (
    <div role="region" aria-label="Mails" tabIndex={0} className="min-h-0 flex-1 overflow-y-auto -outline-offset-2">
      <ol className="mx-auto max-w-3xl px-4 pb-6 @sm:px-6">
        {state.mails.map((mail) => (
          <MailItem key={mail.place} mail={mail} />
        ))}
      </ol>
      {state.hasMore && (
        <div className="flex justify-center pb-8">
          <Button onClick={readOlder}>Show older mail</Button>
        </div>
      )}
    </div>
  );
}

function Note({ children }: { readonly children: ReactNode }) {
  return <p className="m-auto max-w-sm p-8 text-center text-soft">{children}</p>;
}
