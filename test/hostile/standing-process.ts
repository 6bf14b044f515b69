// A process that stands last, for the test that looks at it.
import { answer } from "tidewire/bench";
import { stand } from "./standing.ts";

export type StandingTalk = {
  readonly stand: { readonly ask: null; readonly answer: { readonly pid: number } };
};

answer<StandingTalk>({
  stand: () => {
    stand("last");
    return { pid: process.pid };
  },
});
