import { storeId } from "@datahike-sync/core/store-id";
import { expect, test } from "vitest";
import { parseSettings } from "../src/settings.ts";

const ID = "1ebf788e-dd20-5274-9050-b5d76d77a9ab";
const NEEDED = ["--primary", "ws://primary.example/sync", "--store", ID, "--folder", "data"];

test("what is not given has a default", () => {
  expect(parseSettings(NEEDED, {})).toMatchObject({
    primary: "ws://primary.example/sync",
    folder: "data",
    codec: "msgpack",
    walker: "none",
    host: "127.0.0.1",
    port: 8080,
    statusPort: 8081,
    tokenFile: undefined,
    clientTokenFile: undefined,
    maxLag: 100,
    keepHours: 24,
    drainMs: 5000,
  });
});

test("the environment tells what no flag does", () => {
  const environment = {
    REPLICA_PRIMARY: "wss://other.example",
    REPLICA_PORT: "1",
    REPLICA_STATUS_PORT: "2",
    REPLICA_CLIENT_TOKEN_FILE: "secret",
    REPLICA_HOST: "",
  };
  expect(parseSettings([...NEEDED, "--port", "3"], environment)).toMatchObject({
    primary: "ws://primary.example/sync",
    host: "127.0.0.1",
    port: 3,
    statusPort: 2,
    clientTokenFile: "secret",
  });
});

test("a store is named by its id, or by the configuration of which that is the hash", () => {
  const named = parseSettings([...NEEDED, "--store", '{:id "shop"}'], {});
  expect(String(parseSettings(NEEDED, {})?.storeId)).toBe(ID);
  expect(String(named?.storeId)).toBe(String(storeId({ id: "shop" })));
});

test("help is asked for by itself", () => {
  expect(parseSettings(["--help"], {})).toBeUndefined();
});

test.each([
  [
    ["--primary", "http://primary.example"],
    "--primary (or REPLICA_PRIMARY) is to be a ws: or wss:",
  ],
  [["--store", "shop"], "--store (or REPLICA_STORE) is to be a UUID or an EDN map, not shop"],
  [["--store", "{:id"], "--store (or REPLICA_STORE) is to be a UUID or an EDN map"],
  [["--port", "65536"], "--port (or REPLICA_PORT) is to be a whole number up to 65535, not 65536"],
  [["--max-lag", "-1"], "max-lag"],
  [["--max-lag", ""], "--max-lag (or REPLICA_MAX_LAG) is to be a whole number"],
  [["--codec", "json"], "--codec (or REPLICA_CODEC) is to be one of msgpack, fressian, not json"],
  [["--walker", "all"], "one of none, datahike, not all"],
  [["--colour"], "--colour"],
  [["stray"], "stray"],
])("%j is refused by its name", (args, message) => {
  expect(() => parseSettings([...NEEDED, ...args], {})).toThrow(TypeError);
  expect(() => parseSettings([...NEEDED, ...args], {})).toThrow(message);
});

test("what is needed is asked for by its name", () => {
  expect(() => parseSettings([], {})).toThrow("--primary (or REPLICA_PRIMARY) is needed");
  expect(() => parseSettings(NEEDED.slice(0, 4), {})).toThrow("--folder (or REPLICA_FOLDER)");
});
