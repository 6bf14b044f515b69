// The channels of this project, for the server and for the page.
import { defineChannel } from "@tidewire/protocol";

export const chat = defineChannel("chat:{room}", { presence: true });
