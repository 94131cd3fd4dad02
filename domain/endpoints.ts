/**
 * The endpoints that are not those of a resource type (RFC 7644 section 3.2).
 * @module
 */

/** The endpoints with a meaning of their own, without slashes. */
const FIXED_ENDPOINTS: readonly string[] = [
  "ServiceProviderConfig",
  "ResourceTypes",
  "Schemas",
  "Me",
  "Bulk",
  ".search",
];

const BY_NAME: ReadonlyMap<string, string> = new Map([
  ...FIXED_ENDPOINTS.map((name) => [name.toLowerCase(), name] as const),
  // Names that clients use for endpoints that the RFC calls otherwise.
  ["serviceproviderconfiguration", "ServiceProviderConfig"],
  ["serviceproviderconfigs", "ServiceProviderConfig"],
  ["serviceconfiguration", "ServiceProviderConfig"],
]);

/**
 * The endpoint that a name means, in the RFC's spelling.
 *
 * @param name the first segment of a path, in any case
 * @returns undefined when it can only be that of a resource type
 */
export function fixedEndpoint(name: string): string | undefined {
  return BY_NAME.get(name.toLowerCase());
}
