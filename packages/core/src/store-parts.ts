/** @packageDocumentation Parts for those who write a whole store rather than a driver, or what follows one. */
export { Backoff, type BackoffOptions, type PauseOptions } from "./backoff.ts";
export { Pins } from "./driver-store/pins.ts";
export { Listeners } from "./listeners.ts";
export { sameBytes } from "./same-bytes.ts";
