/** @packageDocumentation A world in which things fail on purpose, each time in the same way. */

export {
  type CampaignOptions,
  type CampaignResult,
  campaign,
  explain,
} from "./simulation/campaign.ts";
export type { Coverage } from "./simulation/coverage.ts";
export { CrashDisk, type CrashDiskOptions } from "./simulation/crash-disk.ts";
export type { Engine } from "./simulation/engine.ts";
export type { Side } from "./simulation/line.ts";
export type { Opening, Place } from "./simulation/opening.ts";
export type { Scenario } from "./simulation/scenario.ts";
export { type Shrunk, shrink } from "./simulation/shrink.ts";
export {
  type SimulationOptions,
  type SimulationResult,
  simulate,
} from "./simulation/simulate.ts";
export type { OpenWire, Wire } from "./simulation/socket-line.ts";
