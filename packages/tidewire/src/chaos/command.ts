// `tidewire chaos`: a fault proxy before any server, controlled over HTTP.
import { createFaultProxy } from "@tidewire/client/testing";
import { Command } from "commander";
import { failWith } from "../host/fail.ts";
import { endOnSignal } from "../host/end-on-signal.ts";
import { startControl } from "./control.ts";
import { addFlags, type ChaosFlags, readChaosFlags } from "./flags.ts";
import { chaosReport, lineOf } from "./report.ts";

export function chaosCommand(): Command {
  const command = new Command("chaos").description("put a proxy before a server that breaks lines as networks do");
  return addFlags(command).action(async (flags: ChaosFlags) => {
    try {
      await run(flags);
    } catch (thrown) {
      failWith(thrown);
    }
  });
}

async function run(flags: ChaosFlags): Promise<void> {
  const { target, listenPort, controlPort, faults, direction } = readChaosFlags(flags);
  const proxy = await createFaultProxy({ to: target, listen: { port: listenPort } });
  const scope = direction === undefined ? {} : { direction };
  await proxy.set(faults, scope);
  const control = await startControl(proxy, controlPort);
  endOnSignal(async () => {
    await control.close();
    await proxy.close();
  });
  proxy.watch((event) => process.stdout.write(`  ${lineOf(event)}\n`));
  const report = chaosReport({
    through: target.through(proxy.port),
    to: `${target.host}:${target.port}`,
    controlPort: control.port,
    faults: lineOf({ kind: "fault", connection: "all", direction: direction ?? "both", faults }),
  });
  process.stdout.write(report);
}
