/** When it is worth trying at once again what failed. */

/**
 * Calls back whenever an attempt that has just failed may succeed. Returns the function that stops it.
 */
export type OnWake = (listener: () => void) => () => void;

/** A page that comes online, or into view: in the dark, browsers let its timers wait for minutes. */
export const SYSTEM_WAKE: OnWake = (listener) => {
  // Node has no such events.
  if (typeof globalThis.addEventListener !== "function") return () => undefined;
  globalThis.addEventListener("online", listener);
  // A worker has no view.
  const page = typeof document === "undefined" ? undefined : document;
  const look = () => {
    if (page?.visibilityState === "visible") listener();
  };
  page?.addEventListener("visibilitychange", look);
  return () => {
    globalThis.removeEventListener("online", listener);
    page?.removeEventListener("visibilitychange", look);
  };
};
