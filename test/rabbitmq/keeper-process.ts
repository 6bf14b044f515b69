// A keeper in a process of its own, on the file of a test; it is killed without warning.
import { embeddedStore } from "@tidewire/jobs/embedded";
import { rabbitmqKeeper } from "@tidewire/jobs/rabbitmq";
import { connecting } from "./connecting.ts";

const [, , url = "", path = ""] = process.argv;
const store = embeddedStore({ path });
await store.open();
await rabbitmqKeeper({ connect: connecting(url), store }).open();
console.log("keeps");
