/**
 * Filters that no index answers, and what other requests notice of them.
 * @module
 */

import { type Bench, idOf, measure, reached, type Work } from "../bench.ts";
import { anew } from "../load.ts";
import { median, summarise } from "../statistics.ts";
import type { Row } from "../table.ts";

const FILTERS = [
  'title co "clerk"',
  'name.familyName eq "Moser"',
  'userName ew "7@example.com"',
];

/** The aims, in milliseconds. */
const WITHIN = 2_000;
const OTHERS_WITHIN = 100;

/** The most that scans should add to the memory, in bytes. */
const GROWTH_BELOW = 104_857_600;
const MEGABYTE = 1_048_576;

/** Reads single users, a few at once, as long as something goes on. */
async function whileReading<T>(
  bench: Bench,
  action: () => Promise<T>,
): Promise<{ result: T; times: number[] }> {
  const { other, server, store, loners } = bench;
  const times: number[] = [];
  let done = false;
  const reading = (async () => {
    while (!done) {
      const outcome = await other.run({
        port: server.port,
        token: store.token,
        requests: loners.slice(0, 1_000).map((number) => ({
          method: "GET",
          path: `/scim/v2/Users/${idOf(bench, number)}`,
        })),
        concurrency: 4,
        seconds: 0.5,
        repeats: true,
        note: "times",
      });
      times.push(...outcome.times);
    }
  })();
  try {
    return { result: await action(), times };
  } finally {
    done = true;
    await reading;
  }
}

/** Scans of all users. */
export const scans: Work = {
  name: "scan",
  async run(bench) {
    const { server, options, store } = bench;
    const rows: Row[] = [];
    for (const filter of FILTERS) {
      const path = `/scim/v2/Users?count=10&filter=${
        encodeURIComponent(filter)
      }`;
      const scan = async () =>
        (await measure(bench, server, [{ method: "GET", path: anew(path) }], {
          seconds: null,
          repeats: false,
        })).latency.max;
      const repeated = async () => {
        const times = [];
        for (let run = 0; run < options.runs; run++) times.push(await scan());
        return median(times);
      };
      const { result: alone, grown } = await server.growth(repeated);
      const { times } = await whileReading(bench, repeated);
      const others = summarise(times).p99;
      const row = { work: "scan", concurrency: 1 };
      rows.push({
        ...row,
        what: `filter ${filter}, ${store.ids.length} users`,
        server: alone,
        unit: "ms",
        aim: reached(`< ${WITHIN} ms`, alone < WITHIN),
      }, {
        ...row,
        what: "its memory",
        server: grown / MEGABYTE,
        unit: "MB",
        aim: reached("< 100 MB", grown < GROWTH_BELOW),
      }, {
        ...row,
        what: "p99 of GET user meanwhile, 4 at once",
        server: others,
        unit: "ms",
        aim: reached(`< ${OTHERS_WITHIN} ms`, others < OTHERS_WITHIN),
      });
      bench.tell(`  ${filter}: ${alone.toFixed(0)} ms`);
    }
    return rows;
  },
};
