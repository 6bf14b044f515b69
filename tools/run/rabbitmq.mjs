// RabbitMQ for the tests.
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { debianServer } from "./debian-server.mjs";

export const rabbitmq = debianServer({
  name: "rabbitmq",
  variable: "TIDEWIRE_RABBITMQ",
  program: "rabbitmq-server",
  debian: "rabbitmq-server",
  folder: "usr/lib/rabbitmq/bin",
  // What Debian has on the path becomes another user first, who cannot write into a test's folder.
  installed: "/usr/lib/rabbitmq/bin/rabbitmq-server",
  prepare(at) {
    const erlang = path.join(at, "usr", "lib", "erlang");
    const erl = path.join(erlang, "bin", "erl");
    // It says where it is installed in so many words.
    writeFileSync(erl, readFileSync(erl, "utf8").replaceAll("=/usr/lib/erlang", `="${erlang}"`));
    const runtime = readdirSync(erlang).find((name) => name.startsWith("erts-"));
    if (!runtime) throw new Error(`the unpacked Erlang has no runtime in ${erlang}`);
    // Tests start it themselves, beside the launcher, so that none is left behind.
    symlinkSync(path.join(erlang, runtime, "bin", "epmd"), path.join(at, "epmd"));
    // Asked for its version the server would start; this has to be said before it looks at anything else.
    const versionOf = `erl -noinput -boot no_dot_erlang -eval 'io:format("~s~n",[erlang:system_info(otp_release)]),halt().'`;
    return [`export PATH="${path.join(erlang, "bin")}:$PATH"`, `[ "$1" = --version ] && exec ${versionOf}`];
  },
});
