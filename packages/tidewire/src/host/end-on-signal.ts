// Ends a program in good order when it is told to.

/** Stops on SIGTERM and SIGINT, then exits; a second signal is somebody who does not want to wait. */
export function endOnSignal(stop: () => Promise<void>): void {
  let isEnding = false;
  const end = (): void => {
    if (isEnding) process.exit(1);
    isEnding = true;
    stop().then(
      () => process.exit(0),
      (thrown: unknown) => {
        process.stderr.write(`  ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
}
