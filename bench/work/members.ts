/**
 * One member more or less, in groups of all sizes.
 * @module
 */

import {
  type Bench,
  compare,
  idOf,
  measure,
  reached,
  rotated,
  sendAll,
  type Work,
} from "../bench.ts";
import {
  countMembers,
  groupOf,
  GROUPS,
  groupSizes,
  makeGroup,
  patchMembers,
  removeGroup,
} from "../groups.ts";
import type { Row } from "../table.ts";

/** How many users come and go in turns. */
const MOVED = 256;

/** How many changes of one group are made at the same time, and how many in all. */
const AT_ONCE = 64;
const CHANGES = 2_000;

/** How much slower the largest group may be than the smallest. */
const WITHIN = 1.2;

/** A sequence of PATCHes in which some users come and go. */
function movement(bench: Bench, path: string): (sent: number) => ReturnType<
  typeof patchMembers
>[] {
  const some = bench.loners.slice(0, MOVED).map((n) => idOf(bench, n));
  const all = (["add", "remove"] as const).flatMap((op) =>
    some.map((id) => patchMembers(path, op, [id]))
  );
  return (sent) => rotated(all, sent);
}

/** PATCH of one member against the floor, and large groups against small ones. */
export const patchMember: Work = {
  name: "member",
  async run(bench) {
    const rows: Row[] = [];
    const groups = new Map<number, string>();
    for (const size of groupSizes(bench)) {
      const id = await groupOf(bench, size);
      groups.set(size, id);
      // What a run before has left behind is not to be added in vain.
      await backToSize(bench, id);
      rows.push(
        ...await compare(bench, {
          work: "member",
          what: `PATCH one member of ${size}`,
          server: movement(bench, `${GROUPS}/${id}`),
          against: movement(bench, `/Groups/${id}`),
          atLeast: 0.6,
        }),
      );
      await backToSize(bench, id);
    }
    const [small, large] = [Math.min(...groups.keys()), bench.options.members];
    rows.push(
      ...await compare(bench, {
        work: "member",
        what: `PATCH one member of ${large}, against of ${small}`,
        server: movement(bench, `${GROUPS}/${groups.get(large)}`),
        against: movement(bench, `${GROUPS}/${groups.get(small)}`),
        other: bench.server,
        within: WITHIN,
      }),
    );
    for (const id of groups.values()) await backToSize(bench, id);
    return rows;
  },
};

/** Takes the users who come and go out of a group. */
async function backToSize(bench: Bench, group: string): Promise<void> {
  const ids = bench.loners.slice(0, MOVED).map((n) => idOf(bench, n));
  await sendAll(bench, bench.server, [
    patchMembers(`${GROUPS}/${group}`, "remove", ids.slice(0, MOVED / 2)),
    patchMembers(`${GROUPS}/${group}`, "remove", ids.slice(MOVED / 2)),
  ]);
}

/** Many PATCHes of one group at once: none is refused, none is lost. */
export const parallelMembers: Work = {
  name: "parallel",
  async run(bench) {
    const ids = bench.loners.slice(0, CHANGES).map((n) => idOf(bench, n));
    const group = await makeGroup(bench, "Group for parallel changes", []);
    const path = `${GROUPS}/${group}`;
    const plan = {
      seconds: null,
      repeats: false,
      concurrency: AT_ONCE,
    };
    const rows: Row[] = [];
    for (
      const [op, expected] of [["add", ids.length], ["remove", 0]] as const
    ) {
      const outcome = await measure(
        bench,
        bench.server,
        ids.map((id) => patchMembers(path, op, [id])),
        plan,
      );
      const lost = Math.abs(await countMembers(bench, group) - expected);
      rows.push({
        work: "parallel",
        what: `${ids.length} PATCHes that ${op} one member of one group: lost`,
        concurrency: AT_ONCE,
        server: lost,
        unit: "changes",
        p50: outcome.latency.p50,
        p99: outcome.latency.p99,
        aim: reached("0, and every answer 2xx", lost === 0),
      });
    }
    await removeGroup(bench, group);
    return rows;
  },
};
