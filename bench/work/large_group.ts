/**
 * A large group made, replaced and deleted, each by one request, while somebody
 * reads it all the time.
 * @module
 */

import { type Bench, idOf, measure, reached, type Work } from "../bench.ts";
import {
  createGroup,
  GROUPS,
  makeGroup,
  replaceGroup,
  tryCreate,
} from "../groups.ts";
import { range } from "../load.ts";
import type { Outcome } from "../plan.ts";
import type { Aim, Row } from "../table.ts";

/** How many members the group has, if there are as many users. */
const MEMBERS = 50_000;

/** How many it has where the server takes no request that long. */
const MEMBERS_OF_LIMITED = 15_000;

/** The aims, in milliseconds. */
const WITHIN = 5_000;
const DELETED_WITHIN = 500;

/** What somebody saw who read a group again and again. */
interface Seen {
  /** How many answers showed which number of members. */
  readonly values: Map<number, number>;
  broken: number;
}

/** Reads a group again and again until something is done. */
async function readWhile<T>(
  bench: Bench,
  path: string,
  action: () => Promise<T>,
): Promise<{ result: T; seen: Seen }> {
  const { other, server, store } = bench;
  const seen: Seen = { values: new Map(), broken: 0 };
  let done = false;
  const reading = (async () => {
    while (!done) {
      const outcome: Outcome = await other.run({
        port: server.port,
        token: store.token,
        requests: [{ method: "GET", path }],
        concurrency: 1,
        seconds: null,
        repeats: false,
        note: "values",
      });
      seen.broken += outcome.broken;
      for (const [count, times] of Object.entries(outcome.values)) {
        const number = Number(count);
        seen.values.set(number, (seen.values.get(number) ?? 0) + times);
      }
    }
  })();
  try {
    return { result: await action(), seen };
  } finally {
    done = true;
    await reading;
  }
}

/** How many reads saw one of some numbers of members, or any. */
function readsOf(
  { values }: Seen,
  counts: (members: number) => boolean = () => true,
): number {
  return [...values].filter(([members]) => counts(members))
    .reduce((sum, [, times]) => sum + times, 0);
}

/** POST, PUT and DELETE of a group with tens of thousands of members. */
export const largeGroup: Work = {
  name: "large-group",
  async run(bench) {
    const { server, options } = bench;
    const wanted = Math.min(MEMBERS, Math.floor(options.users / 2));
    const name = "Group to be replaced";
    const idsFrom = (from: number, size: number) =>
      range(from, from + size).map((number) => idOf(bench, number));

    let size = wanted;
    let begun = performance.now();
    let id = await tryCreate(bench, createGroup(name, idsFrom(0, size)));
    if (id === undefined) {
      size = Math.min(size, MEMBERS_OF_LIMITED);
      begun = performance.now();
      id = await makeGroup(bench, name, idsFrom(0, size));
    }
    const created = performance.now() - begun;
    const limited = size < wanted
      ? `${wanted} were refused with 413`
      : undefined;
    const path = `${GROUPS}/${id}`;
    const once = { seconds: null, repeats: false };

    // One member fewer, so that the answers tell old and new apart.
    const after = size - 1;
    const put = await readWhile(bench, path, async () =>
      await measure(
        bench,
        server,
        [replaceGroup(id, name, idsFrom(options.users - after, after))],
        once,
      ));
    const remove = await readWhile(
      bench,
      path,
      async () =>
        await measure(
          bench,
          server,
          [{ method: "DELETE", path }],
          once,
        ),
    );
    const half = readsOf(put.seen, (count) => ![size, after].includes(count)) +
      readsOf(remove.seen, (count) => count !== after);
    const reads = readsOf(put.seen) + readsOf(remove.seen);
    const row = (
      what: string,
      server: number,
      unit: string,
      aim: Aim,
    ): Row => ({
      work: "large-group",
      what,
      server,
      unit,
      aim,
      ...(limited === undefined ? {} : { note: limited }),
    });
    const took = (outcome: Outcome) => outcome.latency.max;
    const inTime = (ms: number) => reached(`< ${WITHIN} ms`, ms < WITHIN);
    return [
      row(`POST group of ${size}`, created, "ms", inTime(created)),
      row(
        `PUT ${after} other members`,
        took(put.result),
        "ms",
        inTime(took(put.result)),
      ),
      row(
        `DELETE group of ${after}`,
        took(remove.result),
        "ms",
        reached(
          `< ${DELETED_WITHIN} ms`,
          took(remove.result) < DELETED_WITHIN,
        ),
      ),
      row(
        `of ${reads} reads meanwhile, those that saw half a set`,
        half,
        "reads",
        reached("0", half === 0),
      ),
    ];
  },
};
