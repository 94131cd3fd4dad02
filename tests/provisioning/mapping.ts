/** From people of a directory to users of SCIM. @module */

import type { JsonValue } from "../../domain/json.ts";
import {
  type FlatUser,
  MANAGER,
  WORK_EMAIL,
  WORK_EMAIL_PRIMARY,
} from "./attributes.ts";
import { isActive, type Person } from "./directory.ts";

/** A user as it should be, without manager and without `primary`. */
export function mappedUser(person: Person): FlatUser {
  return new Map<string, JsonValue>([
    ["userName", person.userName],
    ["externalId", person.externalId],
    ["active", isActive(person)],
    ...person.attributes,
  ]);
}

/**
 * A user as it should be, the work e-mail address being the primary one.
 *
 * @param idOf the id on the server of a person, if there is an account
 */
export function wholeUser(
  person: Person,
  idOf: (objectId: string) => string | undefined,
): FlatUser {
  const flat = mappedUser(person);
  if (flat.has(WORK_EMAIL)) flat.set(WORK_EMAIL_PRIMARY, true);
  const { manager } = person;
  const managerId = manager === undefined ? undefined : idOf(manager);
  if (managerId !== undefined) flat.set(MANAGER, managerId);
  return flat;
}
