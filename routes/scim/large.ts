/**
 * Resources with many members as JSON, bit by bit: as much of one is in memory at
 * a time as is being written.
 * @module
 */

import { isJsonObject, type JsonObject, own } from "../../domain/json.ts";
import type { Projection } from "../../domain/projection.ts";
import type { Attribute } from "../../domain/schema/attribute.ts";
import type { ResourceType } from "../../domain/schema/compile.ts";
import type { ResourceRecord } from "../../storage/records.ts";
import type { Views } from "../../storage/views.ts";

/** A resource was deleted between the request and the reading of it. */
export class DeletedMeanwhile extends Error {
  /** @param type the name of its resource type */
  constructor(type: string, id: string) {
    super(`${type} ${id} was deleted before it was read`);
    this.name = "DeletedMeanwhile";
  }
}

/** A resource with many members that is to be shown. */
export interface LargeResource {
  readonly tenant: string;
  readonly type: ResourceType;
  /** May be outdated: what is shown is read when the first bit is asked for. */
  readonly record: ResourceRecord;
  /** The SCIM base URL, without a slash at its end. */
  readonly base: string;
  readonly projection: Projection;
  /**
   * The entity tag in the header of the answer, sent before the members are read.
   * The resource is shown with it, so that both agree: members that come and go
   * meanwhile make it an older one, with which nothing can be overwritten.
   */
  readonly version?: string | undefined;
  /** The attributes that the client sent, in the answer to a write. */
  readonly sent?: ReadonlySet<Attribute> | undefined;
}

/**
 * The JSON of a resource. The first bit comes at once, before anything is read,
 * so that the client knows that it is being answered.
 *
 * @throws {DeletedMeanwhile} when there is no such resource any more
 * @throws {ScimError} 503
 */
export async function* largeText(
  views: Views,
  { tenant, type, record, base, projection, sent, version }: LargeResource,
): AsyncGenerator<string> {
  yield "{";
  const view = await views.openLarge({
    tenant,
    type,
    record,
    base,
    wants: (attribute) => projection.shows(attribute),
  });
  if (view === undefined) throw new DeletedMeanwhile(type.name, record.id);
  const { meta } = view.resource;
  if (version !== undefined && isJsonObject(meta)) meta["version"] = version;
  const head = JSON.stringify(projection.apply(view.resource, sent));
  yield head.slice(1, -1);
  const name = type.members?.name ?? "";
  let isFirst = true;
  for await (const members of view.members) {
    const elements = shownOf(projection, name, members, sent);
    if (elements === "") continue;
    yield isFirst ? `,${JSON.stringify(name)}:[${elements}` : `,${elements}`;
    isFirst = false;
  }
  yield isFirst ? "}" : "]}";
}

/** Some members as an answer shows them: JSON without the brackets around it. */
function shownOf(
  projection: Projection,
  name: string,
  members: JsonObject[],
  sent: ReadonlySet<Attribute> | undefined,
): string {
  if (members.length === 0) return "";
  const shown = own(projection.apply({ [name]: members }, sent), name);
  return Array.isArray(shown) ? JSON.stringify(shown).slice(1, -1) : "";
}
