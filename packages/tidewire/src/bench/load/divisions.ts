// Where the replies end that a frame of a WebSocket holds: a server may put several into one.

/** The end of what begins at `at`, past what stands between it and the next; `end` when nothing follows. In one buffer, asked forwards. */
export type EndOfReply = (bytes: Buffer, at: number, end: number) => number;

const lineFeed = 0x0a;

/** Lines, of JSON. Looks for the next line's end once for all the frames of a read that have none. */
export function lineEnds(): EndOfReply {
  let searched: Buffer | null = null;
  let found = -1;
  return (bytes, at, end) => {
    if (bytes !== searched || (found >= 0 && found < at)) {
      searched = bytes;
      found = bytes.indexOf(lineFeed, at);
    }
    return found >= 0 && found < end ? found + 1 : end;
  };
}

/** A length before each, of Protobuf, in groups of seven bits. */
export function endOfLength(bytes: Buffer, at: number, end: number): number {
  let length = 0;
  for (let [next, shift] = [at, 0]; next < end && shift < 28; next += 1, shift += 7) {
    const byte = bytes[next] ?? 0;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) return Math.min(next + 1 + length, end);
  }
  return end;
}
