// What a measured server gives to the process around it.
import type { Server } from "node:http";
import type { Payload } from "../mark.ts";
import type { Spread } from "../talk.ts";

/** To everybody subscribed to the channel of that number, or to the one `latest` channel. */
export type Publish = (payload: Payload, place: number, of: Spread["of"]) => void;

/** Serves on `server`, which does not listen yet. */
export type Serve = (server: Server) => Publish | Promise<Publish>;
