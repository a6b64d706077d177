/** Something that is done to a world: by its application, or by bad luck. */
import type { Dice } from "./dice.ts";
import type { World } from "./world.ts";

export interface Action {
  readonly name: string;
  /** How often it is drawn, beside the others. */
  readonly weight: number;
  /** Where it makes sense. Default everywhere. */
  readonly when?: (world: World) => boolean;
  /** Does it, or begins it. Returns false where there was nothing to do it to. */
  readonly run: (world: World, dice: Dice) => boolean | Promise<boolean>;
}
