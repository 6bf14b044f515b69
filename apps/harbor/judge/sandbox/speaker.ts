// Collects what a test says, so that a program that prints letter by letter is not a report each.

/** Milliseconds and UTF-16 units after which what was said goes out. */
const longestWaitMs = 100;
const longestText = 4_096;

export class Speaker {
  readonly #send: (text: string) => void;
  #waiting = "";
  #sentMs = 0;

  constructor(send: (text: string) => void) {
    this.#send = send;
  }

  say(text: string): void {
    this.#waiting += text;
    // No timer would come while the program runs.
    if (this.#waiting.length >= longestText || performance.now() - this.#sentMs >= longestWaitMs) this.flush();
  }

  flush(): void {
    if (this.#waiting === "") return;
    this.#send(this.#waiting);
    this.#waiting = "";
    this.#sentMs = performance.now();
  }
}
