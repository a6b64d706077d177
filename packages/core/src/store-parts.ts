/** @packageDocumentation Parts of stores, for those who write a whole one rather than a driver. */
export { Pins } from "./driver-store/pins.ts";
export { Listeners } from "./listeners.ts";
