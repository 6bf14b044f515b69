// Orders while RabbitMQ confirms them, and while it does not.
import { expect, it } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import { Confirms } from "./confirms.ts";

function begun(): { readonly clock: FakeClock; readonly confirms: Confirms } {
  const clock = new FakeClock();
  return { clock, confirms: new Confirms(clock, "q") };
}

it("after nine seconds without a word one order in nine seconds finds out, until there is one", () => {
  const { clock, confirms } = begun();
  confirms.admit();
  const first = confirms.sent();
  clock.advance(8_999);
  confirms.admit();
  const second = confirms.sent();
  clock.advance(1);
  expect(() => confirms.admit()).toThrow('RabbitMQ confirms no orders: its queue "q" may have no leader');
  clock.advance(8_999);
  confirms.admit();
  expect(() => confirms.admit()).toThrow("may have no leader");
  confirms.answered(second);
  confirms.answered(first);
  confirms.admit();
  confirms.admit();
});

it("is slow, not silent, while each is confirmed in time", () => {
  const { clock, confirms } = begun();
  for (let n = 0; n < 10; n += 1) {
    confirms.admit();
    const order = confirms.sent();
    clock.advance(8_999);
    confirms.answered(order);
  }
  confirms.admit();
});

it("on a new connection the next order finds out at once", () => {
  const { clock, confirms } = begun();
  confirms.admit();
  confirms.sent();
  clock.advance(9_000);
  confirms.admit();
  expect(() => confirms.admit()).toThrow("may have no leader");
  confirms.lost();
  confirms.admit();
  const order = confirms.sent();
  expect(() => confirms.admit()).toThrow("may have no leader");
  confirms.answered(order);
  confirms.admit();
});
