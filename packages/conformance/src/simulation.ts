/** @packageDocumentation A world in which things fail on purpose, each time in the same way. */
export { CrashDisk, type CrashDiskOptions } from "./simulation/crash-disk.ts";
