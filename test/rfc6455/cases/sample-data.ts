// What compression is tried on: five kinds of data, as large as Autobahn's files of that kind, made from a seed.
import { createHash } from "node:crypto";

export interface Sample {
  readonly about: string;
  readonly form: "text" | "binary";
  /** So many bytes (of text: characters, all of them ASCII), from a place that moves on round by round. */
  readonly slice: (bytes: number, round: number) => Buffer;
}

/** Numbers from 0 to `below`, the same in every run. */
function numbersOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 4_294_967_296) * below);
  };
}

function sample(about: string, form: Sample["form"], make: () => Buffer): Sample {
  let made: Buffer | null = null;
  return {
    about,
    form,
    slice: (bytes, round) => {
      made ??= make();
      const from = (round * bytes) % made.length;
      const first = made.subarray(from, from + bytes);
      return first.length === bytes ? first : Buffer.concat([first, made.subarray(0, bytes - first.length)]);
    },
  };
}

function written(bytes: number, piece: () => string): Buffer {
  const pieces: string[] = [];
  for (let length = 0; length < bytes; length += pieces.at(-1)?.length ?? 1) pieces.push(piece());
  return Buffer.from(pieces.join("").slice(0, bytes));
}

const syllables = "ver ge be stand lich keit welt geist nacht licht und der die das ein war wohl doch nun sein".split(
  " ",
);

function words(next: (below: number) => number, count: number): string {
  const word = (): string =>
    Array.from({ length: 1 + next(3) }, () => syllables[next(syllables.length)] ?? "").join("");
  return Array.from({ length: count }, word).join(" ");
}

function json(): Buffer {
  const next = numbersOf(1);
  let id = 0;
  return written(194_056, () => {
    id += 1;
    const record = {
      id,
      name: words(next, 2),
      price: next(100_000) / 100,
      isOpen: next(2) === 1,
      tags: [words(next, 1)],
    };
    return `${JSON.stringify(record)},\n`;
  });
}

/** A picture in grey: smooth, with noise in the lowest bits. */
function picture(): Buffer {
  const next = numbersOf(2);
  return Buffer.from(
    Array.from({ length: 263_222 }, (_, at) => {
      const [x, y] = [at % 512, Math.floor(at / 512)];
      return Math.floor(128 + 60 * Math.sin(x / 40) + 50 * Math.cos(y / 55)) + next(8);
    }),
  );
}

const prose = (): Buffer => {
  const next = numbersOf(3);
  return written(222_218, () => `${words(next, 6)},\n${words(next, 5)}.\n`);
};

const page = (): Buffer => {
  const next = numbersOf(4);
  return written(263_527, () => `<li class="entry"><a href="/entry/${next(10_000)}">${words(next, 3)}</a></li>\n`);
};

/** Mostly compressed already, as a document of pictures is. */
function document(): Buffer {
  const pieces = Array.from({ length: 12_000 }, (_, index) =>
    index % 40 === 0
      ? Buffer.from(`endstream\nendobj\n${index} 0 obj\n<< /Length 1248 /Filter /FlateDecode >>\nstream\n`)
      : createHash("sha256").update(String(index)).digest(),
  );
  return Buffer.concat(pieces);
}

export const records: Sample = sample("JSON", "text", json);

export const samples: readonly Sample[] = [
  records,
  sample("a grey picture", "binary", picture),
  sample("prose", "binary", prose),
  sample("HTML", "text", page),
  sample("a document of compressed parts", "binary", document),
];
