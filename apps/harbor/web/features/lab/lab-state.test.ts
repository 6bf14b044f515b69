// The lab's story from both sides, and its sentence: outages, what passed meanwhile, plants, and a late account.
import type { ConnectionState } from "@tidewire/client";
import type { SessionId } from "@tidewire/protocol";
import { describe, expect, it } from "vitest";
import type { LineEvent } from "../../../contract/lab.ts";
import { emptyLab, type LabAction, labReducer, type LabState, listWanted } from "./lab-state.ts";
import { verdictOf } from "./number-check.ts";
import { plainSummary } from "./plain-summary.ts";

const t0 = 1_000_000;

/** A lab that is told one thing after the other, a second apart unless said otherwise. */
class Told {
  lab: LabState = emptyLab;
  atMs = t0;

  do(action: LabAction): this {
    this.lab = labReducer(this.lab, action);
    return this;
  }

  connection(state: ConnectionState): this {
    return this.do({ type: "connection", state, atMs: (this.atMs += 1_000) });
  }

  up(recovered = true): this {
    const session = "abcdefgh-1234" as SessionId;
    return this.connection({ kind: "connecting", attempt: 1 })
      .connection({ kind: "connected", session, sinceMs: this.atMs, data: undefined })
      .do({ type: "channel", status: { kind: "live", recovered }, atMs: this.atMs });
  }

  down(): this {
    const reason = { code: 1006, reason: "disconnected" };
    return this.connection({ kind: "waiting", attempt: 1, delayMs: 500, retryAtMs: this.atMs + 500, reason });
  }

  server(event: LineEvent, number: number, entryMs = this.atMs): this {
    return this.do({ type: "server", entry: { atMs: entryMs, number, event, active: [] }, atMs: this.atMs });
  }

  session(number: number): this {
    return this.server({ kind: "session", session: "abcdefgh-1234" }, number);
  }

  came(...numbers: readonly number[]): this {
    for (const number of numbers) this.do({ type: "came", number, madeAtMs: this.atMs, atMs: this.atMs });
    return this;
  }

  listed(upTo: number): this {
    const from = listWanted(this.lab.check) ?? 1;
    const numbers = Array.from({ length: upTo - from + 1 }, (_, index) => from + index);
    return this.do({ type: "listed", from, numbers });
  }

  get summary(): string {
    return plainSummary(this.lab);
  }

  get verdict(): string {
    return verdictOf(this.lab.check).kind;
  }

  texts(): readonly string[] {
    return this.lab.entries.map(({ side, text }) => `${side}: ${text}`);
  }
}

const told = (): Told => new Told().do({ type: "begin" });

describe("the lab", () => {
  it("says that a line has held, and how late what came late was", () => {
    const lab = told().up().came(5, 6, 7).listed(7);
    expect(lab.summary).toBe("Your connection has held; every number arrived, in order, once.");
    lab.do({ type: "came", number: 8, madeAtMs: lab.atMs, atMs: lab.atMs + 4_000 }).listed(8);
    expect(lab.summary).toContain("The latest was 4 s late.");
  });

  it("counts what passed while the connection was lost, and what of it arrived", () => {
    const lab = told().up().came(5, 6).down();
    expect(lab.summary).toBe("Your connection was lost once, and is not back yet.");
    lab.session(9).up().listed(9).came(7, 8);
    expect(lab.summary).toBe("Your connection was lost once; 3 numbers passed meanwhile, and 2 have arrived so far.");
    lab.came(9, 10);
    expect(lab.summary).toBe(
      "Your connection was lost once; 3 numbers passed meanwhile; all 3 arrived, in order, once.",
    );
    expect(lab.texts()).toContain("page: Has the 3 numbers that were missed, and is up to date");
    lab.down().session(11).up().came(11, 12).listed(12);
    expect(lab.summary).toBe(
      "Your connection was lost twice; 4 numbers passed meanwhile; all 4 arrived, in order, once.",
    );
  });

  it("counts the same when the server's account comes after everything, and puts it where it belongs", () => {
    const lab = told().server({ kind: "line-opened", processId: 7 }, 4).up().came(5, 6).down();
    const killedMs = lab.atMs - 500;
    lab.up().came(7, 8, 9).listed(9);
    lab.server({ kind: "killing", processId: 7 }, 6, killedMs).session(8);
    expect(lab.summary).toBe(
      "Your connection was lost once; 2 numbers passed meanwhile; all 2 arrived, in order, once.",
    );
    const texts = lab.texts();
    const killed = texts.indexOf("server: Process 7 is killed, at number 6");
    expect(killed).toBeLessThan(texts.findIndex((text) => text.startsWith("page: Lost the socket")));
    expect(lab.lab.entries.map(({ atMs }) => atMs)).toEqual(
      lab.lab.entries.map(({ atMs }) => atMs).toSorted((a, b) => a - b),
    );
  });

  it.each([
    ["loss", "Number 7 was kept from the check", [6, 8]],
    ["repeat", "Number 7 was given twice to the check", [6, 7, 7, 8]],
  ] as const)("sees a planted %s between the wire and the check, until it is cleared", (plant, text, here) => {
    const lab = told().up().came(6).do({ type: "plant", plant }).came(7, 8).listed(8);
    expect(lab.lab.check.here).toEqual(here);
    expect(lab.verdict).toBe("bad");
    expect(lab.texts()).toContain(`page: ${text}`);
    expect(lab.summary).toContain("the check finds something wrong");
    lab.do({ type: "clear" }).came(9, 10).listed(10);
    expect(lab.verdict).toBe("good");
  });

  it("does not take a gap that the server told of for a silent loss", () => {
    const lab = told().up().came(5, 6).down().session(40).do({ type: "gap" }).up(false).came(40, 41).listed(41);
    expect(lab.verdict).toBe("told");
    expect(lab.texts().some((text) => text.includes("cannot go on from number 6"))).toBe(true);
  });

  it("drops a list that was asked for before the check began anew", () => {
    const lab = told().up().came(5);
    const from = listWanted(lab.lab.check) ?? 0;
    lab
      .do({ type: "clear" })
      .came(6)
      .do({ type: "listed", from, numbers: [5, 6] });
    expect(lab.lab.check.list).toEqual([]);
  });

  it("hears of the same state once, however often it is looked at, and forgets a line that began anew", () => {
    const lab = told();
    const state: ConnectionState = { kind: "connecting", attempt: 1 };
    lab.connection(state).connection(state);
    expect(lab.texts()).toEqual(["page: Asks for a connection"]);
    lab.up().came(5).do({ type: "begin" }).up().came(50, 51).listed(51);
    expect([lab.verdict, lab.lab.outages.length]).toEqual(["good", 0]);
  });
});
