// What is made once for each framing: what does not differ between connections, none of them keeps for itself.
import type { Framing } from "./connection.ts";

export function perFraming<Kind extends Framing, Made>(make: (framing: Kind) => Made): (framing: Kind) => Made {
  const made = new WeakMap<Kind, Made>();
  return (framing) => {
    let one = made.get(framing);
    if (one === undefined) {
      one = make(framing);
      made.set(framing, one);
    }
    return one;
  };
}
