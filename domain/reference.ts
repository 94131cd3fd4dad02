/**
 * References to resources by URI (RFC 7643 sections 2.3.7 and 2.4).
 * @module
 */

/**
 * The endpoint and id at the end of a resource's URI, such as `Users/3f0c2a51`.
 *
 * URIs that differ only in the base or the version segment name the same
 * resource (RFC 7643 section 2.4), and so do those that RFC 3986 section 6.2.2
 * calls equivalent: with dot segments, or with letters written as escapes.
 */
export function referenceTarget(uri: string): string {
  const [path = ""] = uri.split(/[?#]/, 1);
  const segments: string[] = [];
  for (const segment of path.split("/").map(decodeUnreserved)) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(segment);
  }
  return segments.slice(-2).join("/");
}

/** Undoes escapes that nothing asked for, and writes the others in one way. */
function decodeUnreserved(segment: string): string {
  return segment.replace(/%[0-9A-Fa-f]{2}/g, (escape) => {
    const character = String.fromCharCode(parseInt(escape.slice(1), 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : escape.toUpperCase();
  });
}
