// The page: one client for its whole life, made outside of components.
import { createClient } from "@tidewire/client";
import { TidewireProvider } from "@tidewire/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Room } from "./room.tsx";

const client = createClient({ url: "/connection/websocket" });
const root = document.querySelector("#root");
if (root === null) throw new Error("the page has no element #root");

createRoot(root).render(
  <StrictMode>
    <TidewireProvider client={client}>
      <Room name="lobby" />
    </TidewireProvider>
  </StrictMode>,
);
