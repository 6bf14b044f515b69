// Offers of extensions: what is well formed, and what of it is taken.
import { describe, expect, it, test } from "vitest";
import { agree, offersIn } from "./extension-offers.ts";

const plain = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
const answer = (header: string): string | null => agree(offersIn(header) ?? [])?.answer ?? null;

describe("offersIn", () => {
  it("reads names, parameters, quoted values and lists", () => {
    expect(offersIn('a, b ; c=1;d = "2" ,, e; f')).toEqual([
      { name: "a", parameters: [] },
      {
        name: "b",
        parameters: [
          ["c", "1"],
          ["d", "2"],
        ],
      },
      { name: "e", parameters: [["f", null]] },
    ]);
  });

  it.each(["a b", "a;", "; a", "a; b=", 'a; b="', 'a; b="c d"', "a; b=c=d", "a; =b", "a(b)", "ä"])(
    "finds %j malformed",
    (header) => {
      expect(offersIn(header)).toBeNull();
    },
  );

  it("comes to an end with what is made to take long", () => {
    expect(offersIn(`a${"; b=c".repeat(10_000)}"`)).toBeNull();
    expect(offersIn(`a${" ".repeat(15_000)};`)).toBeNull();
  });
});

describe("agree", () => {
  it.each([
    ["permessage-deflate", plain],
    // What Chromium and Firefox send.
    ["permessage-deflate; client_max_window_bits", plain],
    ["permessage-deflate; client_max_window_bits=10", plain],
    ['permessage-deflate; server_max_window_bits="15"', plain],
    ["permessage-deflate; server_no_context_takeover; client_no_context_takeover", plain],
    ["permessage-deflate; server_max_window_bits=14", `${plain}; server_max_window_bits=9`],
    ["permessage-deflate; server_max_window_bits=9", `${plain}; server_max_window_bits=9`],
  ])("takes %j", (header, expected) => {
    expect(answer(header)).toBe(expected);
  });

  it.each([
    "",
    "x-webkit-deflate-frame",
    "permessage-bzip2",
    "permessage-deflate; unknown",
    "permessage-deflate; server_no_context_takeover=1",
    "permessage-deflate; client_no_context_takeover=true",
    "permessage-deflate; server_max_window_bits",
    "permessage-deflate; server_max_window_bits=7",
    "permessage-deflate; server_max_window_bits=16",
    "permessage-deflate; server_max_window_bits=09",
    "permessage-deflate; server_max_window_bits=8",
    "permessage-deflate; client_max_window_bits=",
    "permessage-deflate; client_max_window_bits=0x9",
    "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
  ])("declines %j", (header) => {
    expect(answer(header)).toBeNull();
  });

  test("the first offer that can be taken is", () => {
    expect(answer("x; y, permessage-deflate; server_max_window_bits=8, permessage-deflate")).toBe(plain);
  });
});
