/**
 * How requests are read: to the letter, or as the known clients mean them.
 * @module
 */

/** The names of the profiles. */
export const PROFILE_NAMES = ["compatible", "rfc"] as const;

/** The name of a profile. */
export type ProfileName = typeof PROFILE_NAMES[number];

/**
 * One field for each known deviation. A profile works at the border only: it
 * turns a request into the form of the RFC, and the rest of the program knows no
 * other form. `true` always means "accept it".
 */
export interface Profile {
  readonly name: ProfileName;

  // Values

  /** `"True"` and `"false"` for a boolean, in bodies and in filters (Entra). */
  readonly booleanStrings: boolean;
  /** `""` clears an attribute, as `null` does (Entra's gallery tests). */
  readonly emptyStringClears: boolean;
  /** An element left with nothing but `type` and `primary` goes away (Entra). */
  readonly dropsBareElements: boolean;
  /** `"id"` where `{"value": "id"}` belongs: managers and members (Entra). */
  readonly bareValues: boolean;
  /** `[{…}]` for a complex attribute that has one value: managers (Entra). */
  readonly arraysForSingleValues: boolean;
  /** `{…}` or `"x"` in a body where an array belongs. */
  readonly singleValuesForArrays: boolean;
  /** Values outside a format the RFC demands: countries, certificates, URIs, identifiers. */
  readonly anyFormat: boolean;

  // Names

  /** Attributes no schema has: dropped and noted, rather than 400 (Entra, Okta). */
  readonly unknownAttributes: boolean;
  /** Schema URIs that the resource type does not have, and a missing base schema. */
  readonly unknownSchemas: boolean;
  /** `{"name.givenName": "x"}` and value paths as keys (Entra). */
  readonly pathsAsKeys: boolean;
  /** `manager` for the enterprise extension's attribute, in paths and filters. */
  readonly unqualifiedExtensionAttributes: boolean;
  /** `urn:…:User.manager` for `urn:…:User:manager` (Entra before 2018). */
  readonly dotAfterSchemaUri: boolean;

  // PATCH

  /** `replace` on `emails[type eq "work"]` creates the value if there is none. */
  readonly replaceCreates: boolean;
  /**
   * Read-only attributes in a value without path: `id` (Okta's group rename).
   * `meta` has no effect there in either profile.
   */
  readonly readOnlyInPatchValue: boolean;
  /** `"Operations": []` (the SCIM Validator). */
  readonly emptyOperations: boolean;
  /** `"data": [{"op": …}]` for a PATCH in bulk (RFC 7644's example, erratum 5050). */
  readonly patchArraysInBulk: boolean;

  // Queries

  /** `manager eq "id"` compares `manager.value` (Entra's reference check). */
  readonly complexByValue: boolean;
  /** `externalId eq 54d382a4-…` without quotation marks (Entra's documentation). */
  readonly unquotedFilterValues: boolean;
  /** `filter='(userName eq "x")'` (i-net's documentation). */
  readonly singleQuotedFilters: boolean;
  /** `startindex` for `startIndex` (Microsoft's inbound sample). */
  readonly queryNamesIgnoreCase: boolean;
}

/** All known clients at once: Entra ID, Okta, OneLogin, JumpCloud, Google, Ping. */
export const COMPATIBLE: Profile = {
  name: "compatible",
  booleanStrings: true,
  emptyStringClears: true,
  dropsBareElements: true,
  bareValues: true,
  arraysForSingleValues: true,
  singleValuesForArrays: true,
  anyFormat: true,
  unknownAttributes: true,
  unknownSchemas: true,
  pathsAsKeys: true,
  unqualifiedExtensionAttributes: true,
  dotAfterSchemaUri: true,
  replaceCreates: true,
  readOnlyInPatchValue: true,
  emptyOperations: true,
  patchArraysInBulk: true,
  complexByValue: true,
  unquotedFilterValues: true,
  singleQuotedFilters: true,
  queryNamesIgnoreCase: true,
};

/** To the letter. */
export const RFC: Profile = {
  name: "rfc",
  booleanStrings: false,
  emptyStringClears: false,
  dropsBareElements: false,
  bareValues: false,
  arraysForSingleValues: false,
  singleValuesForArrays: false,
  anyFormat: false,
  unknownAttributes: false,
  unknownSchemas: false,
  pathsAsKeys: false,
  unqualifiedExtensionAttributes: false,
  dotAfterSchemaUri: false,
  replaceCreates: false,
  readOnlyInPatchValue: false,
  emptyOperations: false,
  patchArraysInBulk: false,
  complexByValue: false,
  unquotedFilterValues: false,
  singleQuotedFilters: false,
  queryNamesIgnoreCase: false,
};

/** The profiles by name. */
export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  compatible: COMPATIBLE,
  rfc: RFC,
};
