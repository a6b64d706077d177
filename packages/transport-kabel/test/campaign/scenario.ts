/** Who serves and who follows in a world: all of it from the seed. */
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import type { Codec } from "@datahike-sync/core";
import { ednCodec } from "@datahike-sync/core/edn-codec";
import { identity, type Uuid, uuid } from "@datahike-sync/edn";
import { PUBSUB_DIALECT, SYNC_DIALECT, type TopicDialect } from "@datahike-sync/transport-kabel";
import { ClojureServer } from "./clojure-server.ts";
import { CODECS } from "./codecs.ts";
import { FollowerSite } from "./follower-site.ts";
import type { Host } from "./line.ts";
import { OwnServer } from "./own-server.ts";
import { Place } from "./place.ts";
import type { Truth } from "./truth.ts";
import type { World } from "./world.ts";

export interface Scenario {
  readonly clojure: ClojureServer | undefined;
  readonly own: OwnServer | undefined;
  readonly sites: readonly FollowerSite[];
}

const TOPICS: readonly Uuid[] = ["a", "b"].map((letter) =>
  uuid(`a0000000-0000-0000-0000-00000000000${letter}`),
);

export async function drawScenario(world: World): Promise<Scenario> {
  const { random } = world;
  const dialect = random.pick([PUBSUB_DIALECT, SYNC_DIALECT]);
  const [name, codecs] = random.pick([...CODECS]);
  const isClojure = world.chance(0.6);
  const topics = isClojure && world.chance(0.2) ? TOPICS : TOPICS.slice(0, 1);
  const hello = !isClojure && world.chance(0.5);
  world.meet(`frames in ${name}`);
  world.meet(`${dialect.name} of ${isClojure ? "a Clojure server" : "ours"}`);
  if (topics.length > 1) world.meet("two on one link");
  const clojure = isClojure ? new ClojureServer(world, dialect, codecs, topics) : undefined;
  const own = isClojure ? undefined : drawOwn(world, codecs, hello);
  await own?.open();
  if (own !== undefined) {
    own.commit(own.author.first());
    await world.pass(1000);
  }
  const host: Host | undefined = clojure ?? own;
  if (host === undefined) throw new Error("nobody serves");
  const truthOf = (topic: Uuid) =>
    clojure === undefined ? own?.shown : clojure.topics.get(identity(topic))?.truth;
  const shared = { dialect, codecs, hello, topics };
  const sites = Array.from({ length: 1 + random.below(3) }, (_, i) =>
    drawSite(world, { ...shared, host, truthOf, isRelay: i === 0 && world.chance(0.3) }),
  );
  const last = sites.at(-1);
  if (last?.options.isRelay === false && world.chance(0.2)) {
    world.meet("two processes on one store");
    sites.push(new FollowerSite(world, last.options));
  }
  const [relay] = sites;
  if (relay?.options.isRelay === true) {
    world.meet("a relay");
    sites.push(drawFollowerOf(world, relay, codecs));
  }
  return { clojure, own, sites };
}

function drawOwn(world: World, codecs: readonly Codec[], hello: boolean): OwnServer {
  const isWalked = world.chance(0.5);
  world.meet(isWalked ? "served under a walker" : "served plainly");
  return new OwnServer(world, TOPICS[0] as Uuid, {
    codecs,
    hello,
    inner: world.random.pick([ednCodec(), msgpackCodec()]),
    isWalked,
    batchOperations: world.random.pick([2, 5, 20]),
    marks: world.chance(0.5),
    delayMs: drawDelays(world),
  });
}

interface SiteDraw {
  readonly host: Host;
  readonly topics: readonly Uuid[];
  readonly truthOf: (topic: Uuid) => Truth | undefined;
  readonly dialect: TopicDialect;
  readonly codecs: readonly Codec[];
  readonly hello: boolean;
  readonly isRelay: boolean;
}

function drawSite(world: World, { truthOf, topics, ...draw }: SiteDraw): FollowerSite {
  // A relay that does not wait for nodes would pass on heads of which it never gets them.
  const isWalked = draw.isRelay || world.chance(0.85);
  if (!isWalked) world.meet("followed without a walker");
  return new FollowerSite(world, {
    ...draw,
    isWalked,
    places: topics.map((topic) => {
      const truth = () => {
        const known = truthOf(topic);
        if (known === undefined) throw new Error("a topic of nobody");
        return known;
      };
      return new Place(world, { topic, truth, isWalked });
    }),
    limits: {
      ...(world.chance(0.2) && { maxReported: world.random.below(6) }),
      ...(world.chance(0.3) && { maxKeptBytes: 1700 }),
      ...(world.chance(0.3) && { gateTimeoutMs: 5000 }),
    },
    delayMs: drawDelays(world),
  });
}

function drawFollowerOf(world: World, relay: FollowerSite, codecs: readonly Codec[]): FollowerSite {
  const { hello, places } = relay.options;
  const topics = places.map(({ topic }) => topic);
  const dialect = world.random.pick([PUBSUB_DIALECT, SYNC_DIALECT]);
  const truthOf = (topic: Uuid) => {
    const mirror = places.find((place) => place.topic === topic)?.mirror;
    return relay.options.isWalked ? mirror?.walked : mirror;
  };
  return drawSite(world, { host: relay, topics, truthOf, dialect, codecs, hello, isRelay: false });
}

/** Some disks are quick, some slow, some slow now and then. */
function drawDelays(world: World): () => number {
  const chance = world.random.pick([0, 0.05, 0.3]);
  const mostMs = world.random.pick([2, 30]);
  return () => (chance > 0 && world.chance(chance) ? world.some(mostMs) : 0);
}
