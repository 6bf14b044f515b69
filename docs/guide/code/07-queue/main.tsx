// The page: its client goes through a balancer.
import { createClient } from "@tidewire/client";
import { TidewireProvider } from "@tidewire/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Numbers } from "./numbers.tsx";

const client = createClient({ url: "ws://localhost:9090/connection/websocket" });
const root = document.querySelector("#root");
if (root === null) throw new Error("the page has no element #root");

createRoot(root).render(
  <StrictMode>
    <TidewireProvider client={client}>
      <Numbers />
    </TidewireProvider>
  </StrictMode>,
);
