/** Who is in a world, and who follows whom. */
import type { Shape } from "./scenario.ts";
import type { Site } from "./site.ts";
import type { World } from "./world.ts";

/** Who follows whom: for each site the place of the one that it follows. */
const LAYOUTS: Readonly<Record<Exclude<Shape, "tabs" | "loop">, readonly (number | undefined)[]>> =
  {
    one: [undefined, 0],
    two: [undefined, 0, 0],
    many: [undefined, 0, 0, 0, 0],
    relay: [undefined, 0, 1],
    chain: [undefined, 0, 1, 1],
  };

/** Makes the sites and starts what runs there. */
export async function settle(world: World): Promise<void> {
  const { shape } = world.scenario;
  if (shape === "loop") joinLoop(world);
  else follow(world, LAYOUTS[shape === "tabs" ? "one" : shape]);
  for (const site of world.sites) await world.start(site);
  if (shape === "loop") closeLoop(world);
  const [, follower] = world.sites;
  // A store that takes one opener has one tab.
  const isShared = follower?.tab?.real.capabilities.shared === true;
  if (shape === "tabs" && follower !== undefined && isShared) await world.start(follower);
}

function follow(world: World, layout: readonly (number | undefined)[]): void {
  layout.forEach((upstream, index) => {
    const site = world.addSite(index === 0 ? "P" : `R${index}`);
    site.isServing = layout.includes(index);
    site.isAuthor = upstream === undefined;
    if (upstream !== undefined) site.follow(world.sites[upstream] as Site);
  });
}

/** Two stores that follow each other; what each wrote itself comes back to it, and changes nothing. */
function joinLoop(world: World): void {
  const [a, b] = [world.addSite("A"), world.addSite("B")];
  for (const site of [a, b]) {
    site.isServing = true;
    site.isAuthor = true;
    site.prefix = site === a ? "a-" : "b-";
  }
  b.follow(a);
}

/** Neither sends what is not whole; so one begins, and the other follows it when it has caught up. */
function closeLoop(world: World): void {
  const [a, b] = world.sites as [Site, Site];
  const close = () => {
    if (b.standing?.cursor === undefined) return world.later(500, close);
    a.follow(b);
    for (const tab of a.tabs) tab.subscribe();
  };
  close();
}
