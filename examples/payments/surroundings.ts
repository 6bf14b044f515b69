// What each of the processes is given, and how it ends.
import path from "node:path";
import type { Log } from "@tidewire/jobs";
import { openPlace } from "../use-cases/place.ts";

/** The same for all of them, since they share their files. */
export const port = Number(process.env["PORT"] ?? 3000);
export const { place, key } = openPlace(path.join(process.env["TIDEWIRE_DATA"] ?? "data", "examples", "payments"));
export const inData = (file: string): string => path.join(place.data, file);

export const log: Log = {
  debug: () => undefined,
  info: (message, fields) => console.log(message, fields ?? ""),
  warn: (message, fields) => console.warn(message, fields ?? ""),
  error: (message, fields) => console.error(message, fields ?? ""),
};

/** Ends in good order when asked to, or when whoever started it is gone. */
export function endWith(stop: () => Promise<void>): void {
  const end = (): void => {
    stop().then(
      () => process.exit(0),
      (thrown: unknown) => {
        console.error(thrown);
        process.exit(1);
      },
    );
  };
  process.once("SIGTERM", end).once("SIGINT", end).once("disconnect", end);
}
