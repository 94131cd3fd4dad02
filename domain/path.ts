/**
 * Attribute paths (RFC 7644 section 3.10 and the rule `attrPath` of figure 1).
 * @module
 */

/**
 * The name of an attribute as written: `userName`, `name.givenName`,
 * `urn:…:User:department`, or a bare schema URI.
 *
 * Parsing needs no schemas. A URI and the name after it are told apart at the
 * last colon; which part is a schema's URI is decided when the path is resolved
 * against a resource type, since a URN holds colons and dots itself.
 */
export interface AttributePath {
  /** What stands before the last colon, as written. */
  readonly uri?: string;
  /** The attribute; absent when the whole text can only be a schema URI. */
  readonly name?: string;
  readonly subAttribute?: string;
}

const NAME = /^[A-Za-z$][A-Za-z0-9_$-]*$/;
const URI =
  /^[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?#@!$&'*+,;=%-]*[A-Za-z0-9]$/;

/**
 * Reads one attribute path. `$` may begin a name, as in `members.$ref` and
 * `members[$ref pr]`, which the ABNF of RFC 7644 forgot (erratum 8924).
 *
 * @returns undefined when the text does not follow the grammar
 */
export function parseAttributePath(text: string): AttributePath | undefined {
  const colon = text.lastIndexOf(":");
  if (colon < 0) return parseNames(text);
  const uri = text.slice(0, colon);
  const names = parseNames(text.slice(colon + 1));
  if (names !== undefined && /^[A-Za-z]/.test(uri) && URI.test(`x:${uri}`)) {
    return { uri, ...names };
  }
  return URI.test(text) ? { uri: text } : undefined;
}

/** Writes a path so that parsing it gives the same path again. */
export function printAttributePath(path: AttributePath): string {
  const names = path.subAttribute === undefined
    ? path.name
    : `${path.name}.${path.subAttribute}`;
  if (path.uri === undefined) return names ?? "";
  return names === undefined ? path.uri : `${path.uri}:${names}`;
}

function parseNames(text: string): AttributePath | undefined {
  const dot = text.indexOf(".");
  const name = dot < 0 ? text : text.slice(0, dot);
  if (!NAME.test(name)) return undefined;
  if (dot < 0) return { name };
  const subAttribute = text.slice(dot + 1);
  return NAME.test(subAttribute) ? { name, subAttribute } : undefined;
}
