// The channels of this project, for whoever speaks on them or listens.
import { defineChannel } from "@tidewire/protocol";

export const lobby = defineChannel("lobby");
