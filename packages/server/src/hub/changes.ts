// Reading a keyed table on from a version: the frames of what changed since, each key once, joined into pieces.
import type { Publication } from "../engine/engine.ts";
import type { Slots } from "../engine/slots.ts";

/** Which versions are read: those above `after`, up to `upTo`; bytes of frames, but at least one entry. */
export interface ChangeBounds {
  readonly after: number;
  readonly upTo: number;
  readonly maxBytes: number;
}

/** `to`: the version up to which everything is in `frames`. */
export interface Changes {
  readonly frames: readonly Uint8Array[];
  /** How many of them there were before they were joined. */
  readonly count: number;
  readonly to: number;
}

/** @param frameOf The frame of an entry; `null` where there is nothing to say. */
export function changesOf(
  slots: Slots,
  frameOf: (publication: Publication) => Uint8Array | null,
  { after, upTo, maxBytes }: ChangeBounds,
): Changes {
  const frames: Uint8Array[] = [];
  let bytes = 0;
  let to = after;
  for (let place = slots.firstAbove(after); place < slots.places; place += 1) {
    const publication = slots.at(place);
    if (publication === null) continue;
    if (publication.offset > upTo) break;
    const frame = frameOf(publication);
    const length = frame?.length ?? 0;
    if (to > after && bytes + length > maxBytes) return { frames: joined(frames), count: frames.length, to };
    if (frame !== null) frames.push(frame);
    bytes += length;
    to = publication.offset;
  }
  return { frames: joined(frames), count: frames.length, to: upTo };
}

/** Small enough that a reader with little room can be given some of them, and large enough that others take few steps. */
const pieceBytes = 4_096;

/** Pieces of whole frames, since thousands of small ones cost each of their readers as many steps. */
function joined(frames: readonly Uint8Array[]): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let begin = 0;
  let bytes = 0;
  for (const [index, frame] of frames.entries()) {
    if (bytes > 0 && bytes + frame.length > pieceBytes) {
      pieces.push(asOne(frames.slice(begin, index)));
      begin = index;
      bytes = 0;
    }
    bytes += frame.length;
  }
  if (begin < frames.length) pieces.push(asOne(frames.slice(begin)));
  return pieces;
}

function asOne(frames: readonly Uint8Array[]): Uint8Array {
  const [only] = frames;
  if (only !== undefined && frames.length === 1) return only;
  const whole = new Uint8Array(frames.reduce((sum, frame) => sum + frame.length, 0));
  let at = 0;
  for (const frame of frames) {
    whole.set(frame, at);
    at += frame.length;
  }
  return whole;
}
