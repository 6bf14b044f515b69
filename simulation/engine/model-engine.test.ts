// The model engine against the engine contract: what it does to nodes in a simulation is the faults' doing alone.
import { engineContract, FakeClock } from "@tidewire/server/testing";
import { Dice } from "../world/dice.ts";
import { honestLink, ModelEngine } from "./model-engine.ts";
import { Store } from "./store.ts";

engineContract("model", {
  create() {
    const clock = new FakeClock();
    const dice = new Dice(1, "tokens");
    const store = new Store({ clock, token: () => dice.token(96) });
    const open = (): ModelEngine => new ModelEngine(honestLink(store));
    return { engine: open(), reopen: open, advance: (ms) => clock.advance(ms) };
  },
});
