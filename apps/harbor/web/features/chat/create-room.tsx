// The dialog in which a room is made.
import { Dialog } from "@base-ui/react/dialog";
import { useCall } from "@tidewire/react";
import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { createRoom, maxRoomNameLength, maxTopicLength } from "../../../contract/rooms.ts";
import { Button } from "../../theme/button.tsx";
import { Field } from "../../theme/field.tsx";
import { formText } from "../../theme/form-text.ts";
import { useRooms } from "./rooms-provider.tsx";
import { sentenceFor } from "../../theme/words-for-errors.ts";

interface CreateRoomProps {
  readonly isOpen: boolean;
  readonly onOpenChange: (isOpen: boolean) => void;
  readonly onCreated: (() => void) | undefined;
}

export function CreateRoom({ isOpen, onOpenChange, onCreated }: CreateRoomProps) {
  return (
    <Dialog.Root open={isOpen} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-scrim transition-opacity data-ending-style:opacity-0 data-starting-style:opacity-0" />
        <Dialog.Popup className="floats fixed top-[max(2rem,18vh)] left-1/2 z-50 w-[min(26rem,calc(100vw-2rem))] -translate-x-1/2 rounded-lg bg-raised p-6 shadow-float outline-none">
          <Dialog.Title className="text-lg font-semibold">New room</Dialog.Title>
          <Dialog.Description className="mt-1 text-sm text-soft">
            Everybody here sees it and can come in.
          </Dialog.Description>
          <CreateRoomForm
            onDone={() => {
              onOpenChange(false);
              onCreated?.();
            }}
          />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function CreateRoomForm({ onDone }: { readonly onDone: () => void }) {
  const create = useCall(createRoom);
  const { add } = useRooms();
  const [, navigate] = useLocation();
  const [trouble, setTrouble] = useState<string | null>(null);
  const [isBusy, setIsBusy] = useState(false);

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const form = event.currentTarget;
    setIsBusy(true);
    create({ name: formText(form, "name"), topic: formText(form, "topic") }).then(
      (room) => {
        add(room);
        onDone();
        navigate(`/chat/${room.id}`);
      },
      (thrown: unknown) => {
        setTrouble(sentenceFor(thrown));
        setIsBusy(false);
      },
    );
  }

  return (
    <form className="mt-5 space-y-4" onSubmit={submit}>
      <Field
        label="Name"
        name="name"
        required
        maxLength={maxRoomNameLength}
        autoFocus
        autoComplete="off"
        problem={trouble}
      />
      <Field label="What it is about" note="optional" name="topic" maxLength={maxTopicLength} autoComplete="off" />
      <div className="flex justify-end gap-2 pt-1">
        <Dialog.Close render={<Button look="quiet" />}>Cancel</Dialog.Close>
        <Button look="leading" type="submit" disabled={isBusy}>
          Make the room
        </Button>
      </div>
    </form>
  );
}
