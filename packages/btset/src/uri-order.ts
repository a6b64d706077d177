/**
 * Compares two URIs part by part as Java does: scheme and host without regard to case, then user,
 * port, path, query and fragment; one without a path after those with one.
 */
export function compareUris(a: string, b: string): number {
  const [x, y] = [partsOf(a), partsOf(b)];
  const scheme = compareParts(x.scheme?.toLowerCase(), y.scheme?.toLowerCase());
  if (scheme !== 0) return scheme;
  if (x.opaque !== y.opaque) return x.opaque ? 1 : -1;
  if (x.opaque) return compareParts(x.path, y.path) || compareParts(x.fragment, y.fragment);
  const server =
    x.host !== undefined && y.host !== undefined
      ? compareParts(x.user, y.user) ||
        compareParts(x.host.toLowerCase(), y.host.toLowerCase()) ||
        x.port - y.port
      : compareParts(x.authority, y.authority);
  return (
    server ||
    compareParts(x.path, y.path) ||
    compareParts(x.query, y.query) ||
    compareParts(x.fragment, y.fragment)
  );
}

interface UriParts {
  readonly scheme: string | undefined;
  /** Whether the part after the scheme does not begin with a slash, as in `mailto:a@b`. */
  readonly opaque: boolean;
  readonly authority: string | undefined;
  readonly user: string | undefined;
  readonly host: string | undefined;
  readonly port: number;
  /** Of an opaque URI, all between scheme and fragment. */
  readonly path: string;
  readonly query: string | undefined;
  readonly fragment: string | undefined;
}

const URI = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?([^#]*)(?:#(.*))?$/s;
const HIERARCHICAL = /^(?:\/\/([^/?]*))?([^?]*)(?:\?(.*))?$/s;
const SERVER = /^(?:(.*)@)?([a-zA-Z0-9.-]+|\[[^\]]*\])(?::(\d*))?$/s;

function partsOf(text: string): UriParts {
  const [, scheme, rest = "", fragment] = URI.exec(text) ?? [];
  const opaque = scheme !== undefined && !rest.startsWith("/");
  const [, authority, path = "", query] = opaque ? [rest, undefined, rest] : hierarchy(rest);
  const [, user, host, port] = (authority && SERVER.exec(authority)) || [];
  return { scheme, opaque, authority, user, host, port: toPort(port), path, query, fragment };
}

function hierarchy(rest: string): readonly (string | undefined)[] {
  return HIERARCHICAL.exec(rest) ?? [];
}

function toPort(digits: string | undefined): number {
  return digits === undefined || digits === "" ? -1 : Number(digits);
}

/** An absent part comes first. */
function compareParts(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return -1;
  if (b === undefined) return 1;
  return a < b ? -1 : 1;
}
