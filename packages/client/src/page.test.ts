// The page around the client: network and attention shorten, hold and question.
import { describe, expect, test } from "vitest";
import { connected, quiet, reaches, setStage } from "../test/stage.ts";

describe("the page", () => {
  test("that is offline holds attempts, and its return brings the next one near", async () => {
    const { client, clock, page, server } = await connected(await setStage());
    page.online = false;
    server.link.cut();
    expect((await reaches(client, "offline")).reason.code).toBe(1006);
    clock.advance(19_999);
    expect(server.upgrades).toBe(1);
    page.become("online");
    expect(client.state).toMatchObject({ kind: "waiting", delayMs: 250 });
    clock.advance(250);
    await reaches(client, "connected");
  });

  test("that goes offline while waiting holds the attempt, yet not for ever", async () => {
    const { client, clock, page, server } = await connected(await setStage());
    server.link.cut();
    await reaches(client, "waiting");
    page.become("offline");
    expect(client.state.kind).toBe("offline");
    clock.advance(20_000);
    // The platform may be wrong about the network, so it is asked now and then.
    await reaches(client, "connected");
  });

  test("that is offline and looked at again and again does not put the attempt off", async () => {
    const { client, clock, page, server } = await connected(await setStage());
    page.online = false;
    server.link.cut();
    await reaches(client, "offline");
    for (let elapsedMs = 0; elapsedMs < 20_000; elapsedMs += 4_000) {
      expect(client.state.kind).toBe("offline");
      page.become("hidden");
      page.become("visible");
      page.become("offline");
      clock.advance(4_000);
    }
    await reaches(client, "connected");
  });

  test("whose network changed may have a dead socket: the server is asked for a sign of life", async () => {
    const stage = await connected(await setStage());
    const { client, clock, page, server } = stage;
    page.become("visible");
    await server.hears("rpc");
    await quiet(stage);
    clock.advance(5_000);
    expect(client.state.kind).toBe("connected");
    server.script = (method) => (method === "rpc" ? "hang" : undefined);
    page.become("online");
    clock.advance(4_999);
    expect(client.state.kind).toBe("connected");
    clock.advance(1);
    expect(client.state).toMatchObject({ kind: "waiting", reason: { code: 3 } });
  });

  test("that is only hidden changes nothing", async () => {
    const stage = await connected(await setStage());
    stage.page.become("hidden");
    await quiet(stage);
    expect(stage.server.all("rpc")).toHaveLength(1);
  });
});
