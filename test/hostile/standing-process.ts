// A process that stands last, for the test that looks at it.
import { answer } from "tidewire/bench";
import { stand, type Standing } from "./standing.ts";

export type StandingTalk = {
  readonly stand: { readonly ask: null; readonly answer: { readonly pid: number; readonly standing: Standing } };
};

answer<StandingTalk>({ stand: () => ({ pid: process.pid, standing: stand("last") }) });
