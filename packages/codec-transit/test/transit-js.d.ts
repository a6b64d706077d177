/** What is used of another implementation of transit, which comes without types. */
declare module "transit-js" {
  interface Transit {
    reader(format: "json"): { read(text: string): unknown };
    writer(format: "json" | "json-verbose"): { write(value: unknown): string };
  }
  const transit: Transit;
  export default transit;
}
