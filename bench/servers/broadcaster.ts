// What a contestant's server gives to the process around it.
import type { Server } from "node:http";
import type { Payload } from "../mark.ts";

/** To everybody subscribed to the one channel. */
export type Publish = (payload: Payload) => void;

/** Serves on `server`, which does not listen yet. */
export type Serve = (server: Server) => Publish | Promise<Publish>;
