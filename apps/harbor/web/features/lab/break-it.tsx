// Ways to break the connection, and something to send while it is broken.
import { useCall } from "@tidewire/react";
import { PlugZap, Power, Send } from "lucide-react";
import { type ReactNode, useState } from "react";
import { cutSocket, killServer } from "../../../contract/lab.ts";
import { useNote } from "../../connection/event-log-provider.tsx";
import { useIsDevelopment } from "../../session/session-provider.tsx";
import { Button } from "../../theme/button.tsx";
import { useOutbox, usePending } from "../chat/outbox-provider.tsx";
import { sentenceFor } from "../../theme/words-for-errors.ts";

const burst = 20;

export function BreakIt({ room }: { readonly room: string }) {
  const isDevelopment = useIsDevelopment();
  const note = useNote();
  const cut = useCall(cutSocket);
  const kill = useCall(killServer);
  const outbox = useOutbox();
  const pending = usePending().filter((message) => message.room === room && message.state !== "kept").length;
  const [trouble, setTrouble] = useState<string | null>(null);

  function act(what: string, ask: () => Promise<unknown>): void {
    setTrouble(null);
    note({ side: "page", tone: "yours", text: what });
    ask().catch((thrown: unknown) => setTrouble(sentenceFor(thrown)));
  }

  function sendBurst(): void {
    note({ side: "page", tone: "yours", text: `You sent ${burst} messages` });
    for (let index = 1; index <= burst; index += 1) outbox.add(room, `Message ${index} of ${burst}`);
  }

  return (
    <section aria-label="Break it" className="space-y-3">
      <Act
        name="Send 20 messages"
        detail="Before, while and after it is broken"
        onAct={sendBurst}
        icon={<Send aria-hidden />}
      />
      <Act
        name="Cut my socket"
        detail="The server drops it without a word, as a broken network does"
        onAct={() => act("You cut the socket", () => cut({}))}
        icon={<PlugZap aria-hidden />}
      />
      {isDevelopment && (
        <Act
          name="Kill the server"
          detail="The process ends at once, and is started again"
          isGrave
          onAct={() => act("You killed the server", () => kill({}))}
          icon={<Power aria-hidden />}
        />
      )}
      <p role="status" className="figures min-h-5 text-sm text-soft">
        {pending > 0 && `${pending} on their way, kept here until they arrive`}
      </p>
      {trouble !== null && (
        <p role="alert" className="text-sm text-bad">
          {trouble}
        </p>
      )}
    </section>
  );
}

interface ActProps {
  readonly name: string;
  readonly detail: string;
  readonly icon: ReactNode;
  readonly isGrave?: boolean;
  readonly onAct: () => void;
}

function Act({ name, detail, icon, isGrave = false, onAct }: ActProps) {
  return (
    <div>
      <Button look={isGrave ? "grave" : "plain"} className="w-full justify-start" onClick={onAct}>
        {icon}
        {name}
      </Button>
      <p className="mt-1 text-xs text-soft">{detail}</p>
    </div>
  );
}
