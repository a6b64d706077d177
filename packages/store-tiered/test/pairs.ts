/** The policies that make sense together. */
import type { ReadPolicy, WritePolicy } from "@datahike-sync/store-tiered";

/** Of stores whose truth is their backend. */
export const BACKED_PAIRS = [
  { writePolicy: "write-through", readPolicy: "frontend-first" },
  { writePolicy: "write-through", readPolicy: "frontend-only" },
  { writePolicy: "write-behind", readPolicy: "frontend-first" },
  { writePolicy: "write-behind", readPolicy: "frontend-only" },
  { writePolicy: "write-around", readPolicy: "frontend-first" },
] as const satisfies readonly { writePolicy: WritePolicy; readPolicy: ReadPolicy }[];

export const READ_POLICIES = [
  "frontend-first",
  "frontend-only",
] as const satisfies readonly ReadPolicy[];
