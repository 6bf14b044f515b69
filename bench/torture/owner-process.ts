// The owner of a log on SQLite for nodes of this machine, until it is killed: `owner-process.ts FILE SOCKET`.
import { localOwner } from "@tidewire/server/local";
import { sqliteEngine } from "@tidewire/server/sqlite";

const [file = "", path = ""] = process.argv.slice(2);
const owner = localOwner({ engine: sqliteEngine({ path: file }), path });
await owner.start();
process.stdout.write("listening\n");
process.once("SIGTERM", () => {
  owner.stop().then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
