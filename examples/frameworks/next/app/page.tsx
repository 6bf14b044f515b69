// The page: a server component, rendered for each request, which puts a client component into place.
import { headers } from "next/headers";
import { Lobby } from "./lobby.tsx";

export default async function Page() {
  const host = (await headers()).get("host");
  return (
    <main>
      <h1>Chat</h1>
      <p>Rendered on {host}</p>
      <Lobby />
    </main>
  );
}
