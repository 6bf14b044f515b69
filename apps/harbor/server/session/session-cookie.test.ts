// The session cookie: what is let in, and what is not.
import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { cookieFrom, cookieName, readSession, sessionDays, setCookie, signSession } from "./session-cookie.ts";

const secret = randomBytes(32);
const claim = { guest: "guest_abc-DEF_1", issuedMs: Date.now() };

describe("a session cookie", () => {
  it("says who somebody is", () => {
    expect(readSession(signSession(claim, 1, secret), 1, secret)).toEqual(claim);
  });

  it("is worth nothing with one character changed, anywhere", () => {
    const value = signSession(claim, 1, secret);
    for (let at = 0; at < value.length; at += 1) {
      const changed = value.slice(0, at) + (value[at] === "A" ? "B" : "A") + value.slice(at + 1);
      expect(readSession(changed, 1, secret), changed).toBeNull();
    }
  });

  it("is good for its own seat alone, and for the server that signed it", () => {
    const value = signSession(claim, 1, secret);
    expect(readSession(value, 2, secret)).toBeNull();
    expect(readSession(value, 1, randomBytes(32))).toBeNull();
  });

  it("ends after its days", () => {
    const old = { ...claim, issuedMs: Date.now() - sessionDays * 86_400_000 - 1_000 };
    expect(readSession(signSession(old, 1, secret), 1, secret)).toBeNull();
  });

  it.each(["", "..", "a.b", "a.b.c", `${signSession(claim, 1, secret)}.x`, "ä.1.x", "\u0000"])("is not %j", (value) => {
    expect(readSession(value, 1, secret)).toBeNull();
  });

  it("is kept from scripts and from other sites' forms", () => {
    const header = setCookie({ seat: 1, value: "v", isSecure: false });
    expect(header).toMatch(/^harbor_session=v; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+$/);
    expect(setCookie({ seat: 1, value: "v", isSecure: true })).toMatch(/; Secure$/);
    expect(setCookie({ seat: 2, value: "", isSecure: false })).toMatch(/^harbor_session_2=; .*Max-Age=0$/);
  });
});

describe("a cookie header", () => {
  it("gives the value of the name that was asked for, and no other", () => {
    const header = "a=1; harbor_session_2=two; harbor_session=one=x; xharbor_session=no";
    expect(cookieFrom(header, cookieName(1))).toBe("one=x");
    expect(cookieFrom(header, cookieName(2))).toBe("two");
    expect(cookieFrom(header, cookieName(3))).toBeNull();
    expect(cookieFrom(undefined, cookieName(1))).toBeNull();
  });
});
