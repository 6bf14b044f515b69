// The channels anybody may speak on in development: with any WebSocket tool, from any page, in any language.
import { defineChannel } from "@tidewire/protocol";

export const lobby = defineChannel("lobby", { mode: "signal", presence: true });

export const open = defineChannel("public:{name}", { history: { size: 100, ttlMs: 300_000 }, presence: true });
