// Senders: each brings notices to people in one way. E-mail is one, and the mailbox of development another.

/** What somebody is told about an event that they were not there for. */
export interface Notice {
  /** The event's own: the same each time that it is tried. Letters, digits, "_", "-" and single dots. */
  readonly id: string;
  readonly to: { readonly id: string; readonly name: string };
  /** One line. */
  readonly subject: string;
  readonly text: string;
  /** Where it happened, as a path of Harbor. */
  readonly path: string;
  /** When it happened. */
  readonly atMs: number;
}

export interface Sender {
  /**
   * Resolves when somebody else answers for it: a mail server, or a disk.
   * @throws {NotSent} when it is certain that it has not left. After anything else that is thrown nobody knows.
   */
  send(notice: Notice): Promise<void>;
}

/** It has not been sent, and whether another attempt may go better. */
export class NotSent extends Error {
  override readonly name: string = "NotSent";
  readonly isForGood: boolean;

  constructor(reason: string, { isForGood }: { readonly isForGood: boolean }) {
    super(reason);
    this.isForGood = isForGood;
  }
}
