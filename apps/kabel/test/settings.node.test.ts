import { storeId } from "@datahike-sync/core/store-id";
import { expect, test } from "vitest";
import { followSettings } from "../src/follow/settings.ts";
import { serveSettings } from "../src/serve/settings.ts";

const ID = "1ebf788e-dd20-5274-9050-b5d76d77a9ab";
const URL = "ws://127.0.0.1:47296";
const FOLLOW = [URL, "--store", ID, "--level", "/copy"];

test("what is not given has a default", () => {
  expect(followSettings(FOLLOW, {})).toMatchObject({
    url: `${URL}/`,
    target: { kind: "level", path: "/copy" },
    codec: "cbor",
    dialect: "pubsub",
    token: undefined,
  });
  expect(serveSettings(["--path", "/shop"], {})).toEqual({
    path: "/shop",
    storeId: undefined,
    codec: "cbor",
    host: "127.0.0.1",
    port: 47296,
    token: undefined,
  });
});

test("a token may be in the environment, and a flag wins", () => {
  expect(followSettings(FOLLOW, { KABEL_TOKEN: "a" })?.token).toBe("a");
  expect(followSettings([...FOLLOW, "--token", "b"], { KABEL_TOKEN: "a" })?.token).toBe("b");
  expect(serveSettings(["--path", "/shop"], { KABEL_TOKEN: "" })?.token).toBeUndefined();
});

test("a store is named by its id, or by the configuration of which that is the hash", () => {
  const named = followSettings([...FOLLOW, "--store", '{:id "shop"}'], {});
  expect(String(named?.storeId)).toBe(String(storeId({ id: "shop" })));
});

test("help is asked for by itself", () => {
  expect([followSettings(["--help"], {}), serveSettings(["--help"], {})]).toEqual([
    undefined,
    undefined,
  ]);
});

test.each([
  [[], "the URL of a server is needed"],
  [["http://here", ...FOLLOW.slice(1)], "the server is to be a ws: or wss: URL"],
  [[URL, "--level", "copy"], "--store is needed"],
  [[...FOLLOW, "--store", "shop"], "--store is to be a UUID, or the EDN map"],
  [FOLLOW.slice(0, 3), "either --level or --folder is needed"],
  [[...FOLLOW, "--folder", "copy"], "one of the two"],
  [[...FOLLOW, "--codec", "json"], "one of cbor, fressian, transit, edn, not json"],
  [[...FOLLOW, "--dialect", "ours"], "one of pubsub, sync, not ours"],
  [[...FOLLOW, "ws://there"], "not ws://there too"],
  [[...FOLLOW, "--token", ""], "--token is to be a text that is not empty"],
  [[...FOLLOW, "--colour"], "--colour"],
])("follow %j is refused by its name", (args, message) => {
  expect(() => followSettings(args, {})).toThrow(message);
});

test.each([
  [[], "--path is needed"],
  [["--path", "/shop", "--port", "65536"], "--port is to be a number up to 65535, not 65536"],
  [["--path", "/shop", "--token", ""], "--token is to be a text that is not empty"],
  [["stray"], "stray"],
])("serve %j is refused by its name", (args, message) => {
  expect(() => serveSettings(args, {})).toThrow(message);
});
