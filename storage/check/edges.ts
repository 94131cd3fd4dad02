/**
 * Memberships: both directions, the generation in force, ends that exist, and the
 * counters of a group. The key below the group decides who is a member: a key
 * below a member that has no such counterpart goes, the other way round it is
 * written.
 * @module
 */

import type { Change } from "../change.ts";
import type { StoredJob } from "../jobs.ts";
import {
  memberKey,
  memberOfKey,
  membershipModifiedKey,
  membershipVersionKey,
  nestedKey,
  resourceKey,
} from "../keys.ts";
import type { Entry, MaybeEntry } from "../store.ts";
import type { Finding, Question, Rules, Snapshot } from "./question.ts";
import { readableRecord } from "./resources.ts";

/** How many types of groups, or of members, one question looks into. */
const MAX_TYPES = 3;

/** How many types of groups a question about a counter looks into. */
const MAX_GROUP_TYPES = 6;

/** The latest time of change of a group that a date can express, in ms. */
const MAX_TIME = 8.64e15;

/** An edge, whichever of its keys was met. */
interface Met {
  readonly rules: Rules;
  readonly group: string;
  readonly generation: string;
  readonly member: string;
  readonly down: Deno.KvKey;
  readonly up: Deno.KvKey;
  /** The names of the types that the ends may have; the likely ones first. */
  readonly groupTypes: readonly string[];
  readonly memberTypes: readonly string[];
  /** Whether there are more types than one moment's look can look into. */
  readonly hasMoreTypes: boolean;
}

/** Asks about a membership as it stands below the group. */
export function askMember(rules: Rules, { key, value }: Entry): Question[] {
  const [, , , group = "", generation = "", member = ""] = key.map(String);
  const met = edgeOf(rules, group, generation, member, undefined, value);
  const { down, up } = met;
  const version = membershipVersionKey(rules.tenant, group);
  const nested = nestedKey(rules.tenant);
  return [
    {
      keys: [up, ...endKeys(met)],
      judge: (found) => {
        const { finding, ends } = judgeEnds(met, found);
        if (ends === undefined) return finding;
        if (value !== ends.memberType) {
          return wrongType(down, "member", ends.memberType);
        }
        if (found.has(up)) return undefined;
        return {
          kind: "missingEdge",
          key: up,
          detail: `The membership of ${member} in ${group} stands below the ` +
            "group only",
          mend: (change) => change.set(up, ends.groupType),
        };
      },
    },
    {
      keys: [version, nested, ...groupKeys(met)],
      judge: (found) => {
        const record = groupOf(met, found);
        if (record?.generation !== generation) return undefined;
        const nests = rules.current.registry.byName(String(value))?.members;
        if (nests !== undefined && found.get(nested).value !== true) {
          return {
            kind: "missingNestedNote",
            key: nested,
            detail: `The group ${member} is a member of ${group}, and there ` +
              "is no note that groups are nested",
            mend: (change) => change.set(nested, true),
          };
        }
        if (found.has(version)) return undefined;
        return {
          kind: "missingMembershipCounter",
          key: version,
          detail: `The group ${group} has members and no count of changes`,
          mend: (change) => change.sum(version, rules.now.getTime()),
        };
      },
    },
  ];
}

/** Asks about a membership as it stands below the member. */
export function askMemberOf(rules: Rules, { key, value }: Entry): Question[] {
  const [, , , member = "", group = "", generation = ""] = key.map(String);
  const met = edgeOf(rules, group, generation, member, value, undefined);
  const { down, up } = met;
  return [{
    keys: [down, ...endKeys(met)],
    judge: (found) => {
      const { finding, ends } = judgeEnds(met, found);
      // The key below the group tells it, if there is one.
      if (ends === undefined) return found.has(down) ? undefined : finding;
      if (!found.has(down)) {
        return {
          kind: "orphanedEdge",
          key: up,
          detail: `The membership of ${member} in ${group} stands below the ` +
            "member only",
          mend: (change) => change.delete(up),
        };
      }
      return value === ends.groupType
        ? undefined
        : wrongType(up, "group", ends.groupType);
    },
  }];
}

function edgeOf(
  rules: Rules,
  group: string,
  generation: string,
  member: string,
  groupType: unknown,
  memberType: unknown,
): Met {
  const { tenant, current: { registry } } = rules;
  const named = registry.withMembers.flatMap(({ members }) =>
    members?.subAttributes.get("$ref")?.referenceTypes ?? []
  ).filter((name) => registry.byName(name) !== undefined);
  const first = (likely: unknown, others: readonly string[]) =>
    [...new Set([...others.filter((name) => name === likely), ...others])]
      .slice(0, MAX_TYPES);
  return {
    rules,
    group,
    generation,
    member,
    hasMoreTypes: new Set(named).size > MAX_TYPES ||
      registry.withMembers.length > MAX_TYPES,
    down: memberKey(tenant, group, generation, member),
    up: memberOfKey(tenant, member, group, generation),
    groupTypes: first(groupType, registry.withMembers.map(({ name }) => name)),
    memberTypes: first(memberType, named),
  };
}

function groupKeys({ rules, group, groupTypes }: Met): Deno.KvKey[] {
  return groupTypes.map((name) => resourceKey(rules.tenant, name, group));
}

function endKeys(met: Met): Deno.KvKey[] {
  const { rules, member, memberTypes } = met;
  return [
    ...groupKeys(met),
    ...memberTypes.map((name) => resourceKey(rules.tenant, name, member)),
  ];
}

/** The group's record, as far as it is needed. */
function groupOf(
  met: Met,
  found: Snapshot,
):
  | { readonly type: string; readonly generation: string | undefined }
  | undefined {
  const entry = groupKeys(met).map((key) => found.get(key))
    .find(({ versionstamp }) => versionstamp !== null);
  if (entry === undefined) return undefined;
  return {
    type: String(entry.key[3]),
    generation: readableRecord(entry)?.generation,
  };
}

/** The names of the types at the ends of an edge. */
interface Ends {
  readonly groupType: string;
  readonly memberType: string;
}

/**
 * What the ends of an edge are, or what is wrong with them; neither when the
 * group cannot be read, so that nobody knows which members are in force.
 */
function judgeEnds(
  met: Met,
  found: Snapshot,
): { readonly finding?: Finding; readonly ends?: Ends } {
  const { rules: { tenant }, group, generation, member, down, up } = met;
  const record = groupOf(met, found);
  const memberType = met.memberTypes.find((name) =>
    found.has(resourceKey(tenant, name, member))
  );
  const isInForce = record?.generation === generation;
  if (record !== undefined && record.generation === undefined) return {};
  if (record !== undefined && isInForce && memberType !== undefined) {
    return { ends: { groupType: record.type, memberType } };
  }
  // An end that was not found may be of another type then.
  const isLost = record === undefined || memberType === undefined;
  if (met.hasMoreTypes && isLost) return {};
  const isDown = found.has(down);
  const why = record === undefined
    ? `the group ${group} is not there`
    : !isInForce
    ? `the set of members ${generation} of ${group} is not the one in force`
    : `the member ${member} is not there`;
  return {
    finding: {
      kind: "orphanedEdge",
      key: isDown ? down : up,
      detail: `A membership of ${member} in ${group} leads nowhere: ${why}`,
      mend: (change) => {
        change.delete(down).delete(up);
        if (isInForce && isDown) touch(change, met);
      },
      explains: (job) => isSwept(met, job),
    },
  };
}

/** The members of a group change visibly: its version and time move. */
function touch(change: Change, { rules: { tenant, now }, group }: Met): void {
  change.sum(membershipVersionKey(tenant, group), 1);
  change.max(membershipModifiedKey(tenant, group), now.getTime());
}

function wrongType(
  key: Deno.KvKey,
  end: "group" | "member",
  type: string,
): Finding {
  return {
    kind: "wrongEdge",
    key,
    detail: `A membership does not name ${type}, the type of its ${end}`,
    mend: (change) => change.set(key, type),
  };
}

/** Whether a job deletes an edge, or looks whether it should. */
function isSwept(
  { rules: { tenant }, group, generation, member }: Met,
  job: StoredJob,
): boolean {
  if (job.tenant !== tenant) return false;
  switch (job.kind) {
    case "sweepMembers":
    case "dropVanished":
      return job.group === group && job.generation === generation;
    case "sweepMemberOf":
      return job.member === member;
    default:
      return false;
  }
}

/** Asks about a count of membership changes, or the time of the last one. */
export function askMembershipCounter(rules: Rules, entry: Entry): Question[] {
  const { tenant, current: { registry }, now } = rules;
  const [, , kind, group = ""] = entry.key.map(String);
  const { key } = entry;
  const version = membershipVersionKey(tenant, group);
  const modified = membershipModifiedKey(tenant, group);
  const other = kind === "mv" ? modified : version;
  const groups = registry.withMembers.slice(0, MAX_GROUP_TYPES)
    .map(({ name }) => resourceKey(tenant, name, group));
  // Counting on from the time gives a version that no client has seen.
  const afresh = new Deno.KvU64(BigInt(now.getTime()));
  return [{
    keys: [other, ...groups],
    judge: (found) => {
      if (!groups.some((each) => found.has(each))) {
        if (registry.withMembers.length > MAX_GROUP_TYPES) return undefined;
        return {
          kind: "orphanedMembershipCounter",
          key,
          detail: `The group ${group}, whose changes are counted, is not there`,
          mend: (change) => change.delete(key),
          explains: (job) =>
            job.tenant === tenant &&
            (job.kind === "sweepMemberOf" ||
              job.kind === "sweepMembers" && job.group === group),
        };
      }
      if (!isSound(kind, entry)) {
        return {
          kind: "wrongMembershipCounter",
          key,
          detail: `The ${
            kind === "mv" ? "count" : "time"
          } of the membership changes of ${group} is not a number that it can be`,
          mend: (change) => change.set(key, afresh),
        };
      }
      if (found.has(other)) return undefined;
      return {
        kind: "missingMembershipCounter",
        key: other,
        detail: `The group ${group} has a ${
          kind === "mv"
            ? "count of membership changes and no time of them"
            : "time of membership changes and no count of them"
        }`,
        mend: (change) => change.set(other, afresh),
      };
    },
  }];
}

function isSound(kind: string | undefined, { value }: MaybeEntry): boolean {
  return value instanceof Deno.KvU64 && value.value > 0n &&
    (kind === "mv" || value.value <= BigInt(MAX_TIME));
}

/** Asks about the note that groups are nested. */
export function askNested(_: Rules, { key, value }: Entry): Question[] {
  if (value === true) return [];
  return [{
    keys: [],
    judge: () => ({
      kind: "missingNestedNote",
      key,
      detail: "The note that groups are nested holds something else than true",
      mend: (change) => change.set(key, true),
    }),
  }];
}
