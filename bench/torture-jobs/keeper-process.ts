// A keeper of the torture's jobs behind RabbitMQ, until it is killed: `keeper-process.ts {"store":…}`
import { embeddedStore } from "@tidewire/jobs/embedded";
import { rabbitmqKeeper } from "@tidewire/jobs/rabbitmq";
import { connecting, type StoreAddress } from "./stores.ts";

const { store: address } = JSON.parse(process.argv[2] ?? "") as { readonly store: StoreAddress };
const store = embeddedStore({ path: address.path });
await store.open();
await rabbitmqKeeper({ connect: connecting(address.url), store }).open();
process.stdout.write("keeps\n");
