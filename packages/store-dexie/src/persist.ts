/** Keeping what is stored. */

/**
 * Asks the browser not to evict what this origin keeps, of any store. Some ask the user, others decide by
 * how the site is used. Resolves to whether it will be kept; where nobody can be asked, to false.
 */
export async function persist(): Promise<boolean> {
  if (typeof navigator === "undefined") return false;
  // Absent outside secure contexts, whatever the types say.
  const { storage } = navigator as Partial<Navigator>;
  return (await storage?.persist?.()) ?? false;
}
