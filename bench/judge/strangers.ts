// Strangers who hand in the worst programs there are, one after the other, in a process of their own: what they do is not to be
// measured as what it costs others.
import type { Client } from "@tidewire/client";
import { jobOf } from "@tidewire/client/job";
import { answer } from "tidewire/bench";
import { judgeNews, judgeRun, submitProgram, type Verdict } from "../../apps/harbor/contract/judge.ts";
import { guestAt } from "../../apps/harbor/server/testing/guest.ts";

export type StrangersTalk = {
  readonly comeIn: { readonly ask: { readonly port: number; readonly count: number }; readonly answer: null };
  /** Each hands in, waits for the verdict, hands in again. */
  readonly attack: { readonly ask: null; readonly answer: null };
  /** Answers when nothing of theirs waits or runs any more. */
  readonly rest: { readonly ask: null; readonly answer: Readonly<Record<string, number>> };
};

const hostile = [
  "for (;;);",
  "return new Array(2 ** 32 - 1).join('ab')",
  "const all = []; for (;;) all.push(new Uint8Array(1e6).fill(7))",
  "for (;;) console.log('x'.repeat(1000))",
  "return /^(a+)+$/.test('a'.repeat(60) + 'b')",
  "for (;;) { try { solve(length) } finally { solve(length) } }",
];

const people: Client[] = [];
const verdicts = new Map<Verdict, number>();
let handedIn = 0;
let isAttacking = false;
let attack: Promise<unknown> = Promise.resolve();

answer<StrangersTalk>({
  comeIn: async ({ port, count }) => {
    for (let index = 0; index < count; index += 1) {
      const person = (await guestAt(port, `Stranger ${index}`)).connect();
      // As their page does.
      person.channel(judgeNews).open();
      people.push(person);
    }
    return null;
  },
  attack: () => {
    isAttacking = true;
    attack = Promise.all(people.map((person) => attackBy(person)));
    return Promise.resolve(null);
  },
  rest: async () => {
    isAttacking = false;
    await attack;
    return Object.fromEntries(verdicts);
  },
});

async function attackBy(person: Client): Promise<void> {
  while (isAttacking) {
    handedIn += 1;
    const source = `function solve(length) { ${hostile[handedIn % hostile.length] ?? ""} }`;
    const program = { problem: "anchor-chain", language: "javascript", source, nonce: crypto.randomUUID() } as const;
    const verdict = await verdictOf(person, (await person.call(submitProgram, program)).job);
    verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
  }
}

/** As its page hears of it. */
async function verdictOf(person: Client, id: string): Promise<Verdict> {
  const job = jobOf(person, judgeRun, id);
  return await new Promise((resolve) => {
    const end = job.subscribe(() => {
      const { output } = job.getSnapshot();
      if (output === null) return;
      end();
      resolve(output.verdict);
    });
  });
}
