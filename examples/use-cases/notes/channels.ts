// A shared note: what each typed, in Yjs's updates, and the call that gives the whole.
import { defineCall, defineChannel } from "@tidewire/protocol";
import * as Y from "yjs";
import { z } from "zod";

const bytes = z.base64().max(1_000_000);
export const updates = defineChannel("note:updates", { data: bytes, history: { size: 2_000, ttlMs: 14 * 86_400_000 } });
export const load = defineCall("note.load", { output: bytes });

export const toText = (update: Uint8Array) => btoa(Array.from(update, (byte) => String.fromCharCode(byte)).join(""));
export const toBytes = (text: string) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/** What is none would break every page that takes it in. */
export const isUpdate = (data: unknown): Promise<boolean> =>
  new Promise((resolve) => resolve(Y.decodeUpdate(toBytes(String(data))))).then(
    () => true,
    () => false,
  );
