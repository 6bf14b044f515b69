/// <reference types="vite/client" />
// The page: one client for its whole life, made outside of components.
import { createClient } from "@tidewire/client";
import { TidewireProvider } from "@tidewire/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Room } from "./room.tsx";

const server = (import.meta.env["VITE_TIDEWIRE_URL"] as string | undefined) ?? "ws://localhost:8080";
const client = createClient({ url: `${server}/connection/websocket` });
const root = document.querySelector("#root");

if (root !== null)
  createRoot(root).render(
    <StrictMode>
      <TidewireProvider client={client}>
        <Room name="lobby" />
      </TidewireProvider>
    </StrictMode>,
  );
