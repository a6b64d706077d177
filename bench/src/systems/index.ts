/** Who is put beside whom. */
import type { System } from "../system.ts";
import { FLOOR } from "./floor.ts";
import { ORIGINAL } from "./original.ts";
import { OURS } from "./ours.ts";

/** In the order in which they take turns. */
export const SYSTEMS: readonly System[] = [OURS, FLOOR, ORIGINAL];

/** @throws {RangeError} when there is none of this name. */
export function findSystem(name: string): System {
  const system = SYSTEMS.find((one) => one.name === name);
  if (system === undefined) throw new RangeError(`no system is called ${name}`);
  return system;
}
