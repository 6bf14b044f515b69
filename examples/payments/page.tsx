// An account: what is there, whom to pay, what happened; and what all have paid.
import { createClient } from "@tidewire/client";
import { TidewireProvider, useCall, useConnection, useLatest, useLog } from "@tidewire/react";
import { useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { Field } from "../use-cases/parts/field.tsx";
import { notices, openAccount, people, readAccount, totals, transfer } from "./channels.ts";

// All there is of a login: who has the key has the account.
const key = localStorage.getItem("payments") ?? crypto.randomUUID();
localStorage.setItem("payments", key);

const money = new Intl.NumberFormat("en", { minimumFractionDigits: 2 });
const amount = (cents: number): string => money.format(cents / 100);
const clock = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

interface Balance {
  readonly name: string;
  readonly cents: number;
}

/** `undefined` until it was read, `null` where there is no account yet. Read again with everything one is told. */
function useBalance(reason: unknown): [Balance | null | undefined, () => Promise<void>] {
  const [balance, setBalance] = useState<Balance | null>();
  const ask = useCall(readAccount);
  const read = async () => setBalance(await ask(undefined));
  useEffect(() => {
    // An older answer is never shown after a newer one: calls of one connection are answered in order.
    ask(undefined).then(setBalance, console.error);
  }, [ask, reason]);
  return [balance, read];
}

function Pay({ me, done }: { readonly me: string; readonly done: () => Promise<void> }) {
  const { keys, table } = useLatest(people);
  const pay = useCall(transfer);
  const [order, setOrder] = useState({ to: "", cents: 0, id: crypto.randomUUID() });
  const [trouble, setTrouble] = useState("");
  const others = keys.filter((account) => account !== me);
  // Another order is another transfer; the same one, sent again after an answer that never came, is the same.
  const change = (next: object) => setOrder({ ...order, ...next, id: crypto.randomUUID() });
  async function send() {
    try {
      await pay(order);
      change({ cents: 0 });
      setTrouble("");
      await done();
    } catch (thrown) {
      setTrouble(
        `Not known to be paid: ${thrown instanceof Error ? thrown.message : String(thrown)}. Sent again, it is paid once.`,
      );
    }
  }
  return (
    <form action={send}>
      <label>
        To
        <select required value={order.to} onChange={({ target }) => change({ to: target.value })}>
          <option value="">Choose</option>
          {others.map((account) => (
            <option key={account} value={account}>
              {table.get(account)?.data.name}
            </option>
          ))}
        </select>
      </label>
      <label>
        Amount
        <input
          required
          type="number"
          min="0.01"
          step="0.01"
          value={order.cents === 0 ? "" : order.cents / 100}
          onChange={({ target }) => change({ cents: Math.round(target.valueAsNumber * 100) || 0 })}
        />
      </label>
      <button>Pay</button>
      <span role="alert">{trouble}</span>
    </form>
  );
}

function Notices({ publications }: Pick<ReturnType<typeof useNotices>, "publications">) {
  if (publications.length === 0) return <p className="soft">Nothing yet.</p>;
  return (
    <ol aria-live="polite" className="figures">
      {publications.toReversed().map(({ id, data: { kind, other, cents, atMs } }) => (
        <li key={id}>
          <span className="soft">{clock.format(atMs)}</span>{" "}
          {kind === "sent" ? `${amount(cents)} to ${other}` : `${amount(cents)} from ${other}`}
        </li>
      ))}
    </ol>
  );
}

const useNotices = (account: string) => useLog(notices, { account }, { newest: 20, keep: 20 });

function Totals() {
  const { keys, table } = useLatest(totals, { rate: 2 });
  const sums = table.get(keys[0] ?? "")?.data;
  if (sums === undefined) return null;
  return (
    <section aria-label="Totals">
      <h2>All payments</h2>
      <p className="figures">
        {sums.transfers} transfers, {amount(sums.cents)} in all
      </p>
      <table className="figures">
        <thead>
          <tr>
            <th scope="col">Minute</th>
            <th scope="col">Transfers</th>
            <th scope="col">Amount</th>
          </tr>
        </thead>
        <tbody>
          {sums.minutes.map(({ atMs, transfers, cents }) => (
            <tr key={atMs}>
              <td>{clock.format(atMs)}</td>
              <td>{transfers}</td>
              <td>{amount(cents)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Account({ me }: { readonly me: string }) {
  const state = useConnection();
  const { publications } = useNotices(me);
  const [balance, read] = useBalance(`${state.kind} ${publications.at(-1)?.id}`);
  const open = useCall(openAccount);
  if (balance === undefined) return null;
  if (balance === null) return <Field label="Your name" send={(name) => open({ name }).then(read)} />;
  return (
    <>
      <p className="balance figures" aria-label="Balance">
        {amount(balance.cents)}
      </p>
      <p className="soft">{balance.name}</p>
      <Pay me={me} done={read} />
      <div className="two">
        <section aria-label="Notices">
          <h2>What happened</h2>
          <Notices publications={publications} />
        </section>
        <Totals />
      </div>
    </>
  );
}

function Payments() {
  const state = useConnection();
  const [me, setMe] = useState("");
  if (state.kind === "connected" && me === "") setMe(String(state.data));
  return (
    <main>
      <header>
        <h1>Payments</h1>
        <p role="status" className={state.kind === "connected" ? "" : "away"}>
          {state.kind === "connected" ? "Live" : "No connection: nothing is lost, and the balance may be old"}
        </p>
      </header>
      {me !== "" && <Account me={me} />}
    </main>
  );
}

createRoot(document.querySelector("#root") ?? document.body).render(
  <TidewireProvider client={createClient({ url: "/connection/websocket", token: key })}>
    <Payments />
  </TidewireProvider>,
);
