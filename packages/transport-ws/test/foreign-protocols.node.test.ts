import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { closeOf, dial, serve, texts } from "./ends.ts";

const textAs = (text: string) => new TextEncoder().encode(`text ${text}`);

test("with no protocols a server takes whoever comes, and chooses none of what is offered", async () => {
  const { server, next } = await serve({ protocols: [] });
  const stranger = new WebSocket(server.address, ["wamp.2.json"]);
  // That of `ws` takes it for a failure that its offer is not taken, other clients do not.
  await new Promise((resolve) => stranger.once("error", resolve));
  await next();
  const near = await dial(server.address, { protocols: [] });
  const far = await next();
  await near.send(new TextEncoder().encode("head"));
  expect(await texts(far, 1)).toEqual(["head"]);
});

test("a text frame becomes a message where both sides have a form for it", async () => {
  const { server, next } = await serve({ protocols: [], textAs });
  const stranger = new WebSocket(server.address);
  await new Promise((resolve) => stranger.once("open", resolve));
  const far = await next();
  stranger.send("hello");
  stranger.send(Buffer.from("bytes"));
  expect(await texts(far, 2)).toEqual(["text hello", "bytes"]);
  stranger.close();
});

test("a text that would be too large a message ends the line", async () => {
  const { server, next } = await serve({ protocols: [], textAs, maxFrameBytes: 8 });
  const stranger = new WebSocket(server.address);
  await new Promise((resolve) => stranger.once("open", resolve));
  const far = await next();
  stranger.send("12345678");
  expect(await closeOf(far)).toMatchObject({ error: { code: "FRAME_TOO_LARGE" } });
});
