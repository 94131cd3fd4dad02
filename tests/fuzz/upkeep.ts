/**
 * Between requests: tenants stay small, /Me stays a user, and what is there is
 * what the answers have told.
 * @module
 */

import { isJsonObject } from "../../domain/json.ts";
import { type FuzzAnswer, jsonOf } from "./judge.ts";
import type { Random } from "./random.ts";
import { describe, type FuzzRequest, type Role } from "./request.ts";
import type { Subject } from "./subject.ts";
import type { Tenant } from "./world.ts";

/** A tenant with more resources than this loses some, until it has the fewer. */
const MOST = 400;
const FEWER = 250;

/** How many resources are read at once. */
const PAGE = 500;

/** What is wrong, and what shows it. */
export interface Complaint {
  readonly what: string;
  readonly how: string;
}

/** Deletes resources where there are many. */
export async function trim(
  subject: Subject,
  tenant: Tenant,
  random: Random,
): Promise<Complaint[]> {
  const complaints: Complaint[] = [];
  if (tenant.size <= MOST) return complaints;
  while (tenant.size > FEWER) {
    const known = tenant.some(random);
    if (known === undefined) break;
    const request = requestOf(
      tenant.name,
      "rfc",
      "DELETE",
      `${known.endpoint}/${known.id}`,
    );
    const { status } = await subject.answer(request);
    tenant.forget(known.id);
    if (status !== 204) {
      complaints.push({
        what: `DELETE of a resource that is there is ${status}`,
        how: describe(request),
      });
    }
  }
  return complaints;
}

/** Gives a token of a tenant another user when its own is gone. */
export async function renewMe(subject: Subject, tenant: string): Promise<void> {
  const { status } = await get(subject, tenant, "me", "/Me");
  if (status === 404) await subject.bindMe(tenant);
}

/** What is there has to be what was made and not deleted, and users behind /Me. */
export async function compare(
  subject: Subject,
  tenant: Tenant,
): Promise<Complaint[]> {
  const found = await idsIn(subject, tenant.name);
  const known = new Set(tenant.ids());
  const lost = [...known.difference(found)];
  const extra = [...found.difference(known).difference(subject.bound)];
  return [
    { what: `${tenant.name} has lost resources`, how: lost.join(" ") },
    { what: `${tenant.name} has resources nobody made`, how: extra.join(" ") },
  ].filter(({ how }) => how !== "");
}

async function idsIn(subject: Subject, tenant: string): Promise<Set<string>> {
  const ids = new Set<string>();
  for (let startIndex = 1;; startIndex += PAGE) {
    const query = `?attributes=id&count=${PAGE}&startIndex=${startIndex}`;
    const json = jsonOf(await get(subject, tenant, "rfc", query));
    const resources = isJsonObject(json) ? json["Resources"] : undefined;
    if (!Array.isArray(resources) || resources.length === 0) return ids;
    for (const resource of resources.filter(isJsonObject)) {
      ids.add(String(resource["id"]));
    }
  }
}

function get(
  subject: Subject,
  tenant: string,
  role: Role,
  path: string,
): Promise<FuzzAnswer> {
  return subject.answer(requestOf(tenant, role, "GET", path));
}

function requestOf(
  tenant: string,
  role: Role,
  method: string,
  path: string,
): FuzzRequest {
  return { tenant, role, method, target: `/scim/v2${path}`, headers: {} };
}
