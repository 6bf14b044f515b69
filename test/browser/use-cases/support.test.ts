// Support: a guest's conversation is the guest's and the agents', survives reloads and cuts, and the queue counts what is new.
import { createClient } from "@tidewire/client";
import type { Page } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";
import { conversation, queue, say } from "../../../examples/use-cases/support/channels.ts";
import { eventually, expectGoodLooks, tryNow, withExample } from "./example.ts";

const example = withExample("support");

async function tell(page: Page, text: string): Promise<void> {
  await page.getByLabel("Message").fill(text);
  await page.getByRole("button", { name: "Send" }).click();
}

/** What is said in the conversation that a page shows. */
const said = (page: Page): Promise<readonly string[]> =>
  page.getByRole("region", { name: "Conversation" }).getByRole("listitem").allInnerTexts();
const says = (page: Page, texts: readonly string[]) => eventually(() => said(page)).toEqual(texts);

const rows = (page: Page) => page.getByRole("list", { name: "Open conversations" }).getByRole("listitem");

test("a guest and an agent: reloads, cuts and the end of it", async () => {
  const [guest, agent] = [await example.window(), await example.window(example.key)];
  await agent.page.getByText("Live").waitFor();
  await tell(guest.page, "My order is late");
  await says(guest.page, ["My order is late"]);
  await rows(agent.page).filter({ hasText: "1 new" }).waitFor();
  await eventually(() => agent.page.title()).toBe("(1) Support");
  await tell(guest.page, "Number 42");
  await rows(agent.page).filter({ hasText: "2 new" }).filter({ hasText: "Number 42" }).waitFor();

  await agent.page.getByRole("button", { name: /^Guest/ }).click();
  await says(agent.page, ["My order is late", "Number 42"]);
  await eventually(() => agent.page.title()).toBe("Support");
  await guest.cut();
  await guest.page.getByText("Connecting").waitFor();
  await tell(agent.page, "It left today");
  await says(agent.page, ["My order is late", "Number 42", "It left today"]);
  await guest.mend();
  const all = ["My order is late", "Number 42", "It left today"];
  await says(guest.page, all);
  await expectGoodLooks(agent.page, "support-agent");
  await guest.page.reload();
  await says(guest.page, all);

  await agent.page.getByRole("button", { name: "Close" }).click();
  await eventually(() => rows(agent.page).count()).toBe(0);
  await tell(guest.page, "Thank you");
  await rows(agent.page).filter({ hasText: "Thank you" }).waitFor();
  await says(agent.page, [...all, "Thank you"]);
});

test("a conversation outlives the server, and what is unread stays unread", async () => {
  const [guest, agent] = [await example.window(), await example.window(example.key)];
  await tell(guest.page, "Is anybody there?");
  await says(guest.page, ["Is anybody there?"]);
  await rows(agent.page).filter({ hasText: "Is anybody there?" }).filter({ hasText: "1 new" }).waitFor();
  await example.server.crash();
  await Promise.all([guest, agent].map(({ page }) => tryNow(page)));
  await tell(guest.page, "Hello?");
  await says(guest.page, ["Is anybody there?", "Hello?"]);
  await rows(agent.page).filter({ hasText: "Hello?" }).filter({ hasText: "2 new" }).waitFor();
});

test("nobody reads, or writes into, what is not theirs", async () => {
  const guest = await example.window();
  await tell(guest.page, "A secret");
  await says(guest.page, ["A secret"]);
  const agent = createClient({ url: `${example.url.replace("http", "ws")}/connection/websocket`, token: example.key });
  const stranger = createClient({
    url: `${example.url.replace("http", "ws")}/connection/websocket`,
    token: "x".repeat(36),
  });
  onTestFinished(() => [agent, stranger].forEach((client) => client.close()));
  for (const client of [agent, stranger]) client.connect();
  const { publications } = await agent.channel(queue).history({ limit: 10 });
  const id = publications.find(({ data }) => data.text === "A secret")?.data.guest ?? "";
  const denied = { reason: "denied" };
  await expect(stranger.channel(conversation, { guest: id }).history({ limit: 1 })).rejects.toMatchObject(denied);
  await expect(stranger.channel(queue).history({ limit: 1 })).rejects.toMatchObject(denied);
  const input = { guest: id, text: "It was me", id: crypto.randomUUID() };
  await expect(stranger.call(say, input)).rejects.toMatchObject(denied);

  // Sent twice, said once.
  const answer = { guest: id, text: "It is safe here", id: crypto.randomUUID() };
  for (let time = 1; time <= 2; time += 1) await agent.call(say, answer);
  await says(guest.page, ["A secret", "It is safe here"]);
});
