// Puts Harbor on the page.
import "./no-code-from-text.ts";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import "./theme/tokens.css";

const root = document.querySelector("#root");
if (root === null) throw new Error("the page has no element #root");

createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
