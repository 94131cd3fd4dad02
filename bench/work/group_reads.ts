/**
 * Reading a large group, without its members and with all of them.
 * @module
 */

import { compare, measure, reached, type Work } from "../bench.ts";
import { groupOf, GROUPS, groupSizes } from "../groups.ts";
import { median } from "../statistics.ts";
import type { Row } from "../table.ts";

const WITHIN = 1.2;

/** The aims for a group with all its members. */
const FIRST_BYTE_WITHIN = 100;
const GROWTH_BELOW = 50;
const MEGABYTE = 1_048_576;

/** GET of a group without its members: a large one against a small one. */
export const groupHead: Work = {
  name: "group-head",
  async run(bench) {
    const sizes = groupSizes(bench);
    const [small = 0, large = 0] = [sizes[0], sizes.at(-1)];
    const get = async (size: number) => {
      const id = await groupOf(bench, size);
      const path = `${GROUPS}/${id}?excludedAttributes=members`;
      return () => [{ method: "GET", path }];
    };
    const floor = await groupOf(bench, large);
    return [
      ...await compare(bench, {
        work: "group-head",
        what: `GET group of ${large} without members`,
        server: await get(large),
        against: () => [{ method: "GET", path: `/Groups/${floor}` }],
      }),
      ...await compare(bench, {
        work: "group-head",
        what: `GET group of ${large} without members, against of ${small}`,
        server: await get(large),
        against: await get(small),
        other: bench.server,
        within: WITHIN,
      }),
    ];
  },
};

/** GET of a group with all its members, one after the other. */
export const wholeGroup: Work = {
  name: "group-whole",
  async run(bench) {
    const { server, options } = bench;
    const size = options.members;
    const path = `${GROUPS}/${await groupOf(bench, size)}`;
    const { result: outcomes, grown } = await server.growth(async () => {
      const outcomes = [];
      for (let run = 0; run < options.runs; run++) {
        outcomes.push(
          await measure(bench, server, [{ method: "GET", path }], {
            seconds: null,
            repeats: false,
          }),
        );
      }
      return outcomes;
    });
    const first = median(outcomes.map(({ firstByte }) => firstByte.p50));
    const row = (what: string): Pick<Row, "work" | "what" | "concurrency"> => ({
      work: "group-whole",
      what: `GET group of ${size} with members: ${what}`,
      concurrency: 1,
    });
    return [
      {
        ...row("first byte"),
        server: first,
        unit: "ms",
        aim: reached(
          `< ${FIRST_BYTE_WITHIN} ms`,
          first < FIRST_BYTE_WITHIN,
        ),
      },
      {
        ...row("whole answer"),
        server: median(outcomes.map(({ latency }) => latency.p50)),
        unit: "ms",
        note: `${((outcomes[0]?.size ?? 0) / MEGABYTE).toFixed(1)} MB`,
      },
      {
        ...row("memory grown"),
        server: grown / MEGABYTE,
        unit: "MB",
        aim: reached(
          `< ${GROWTH_BELOW} MB`,
          grown < GROWTH_BELOW * MEGABYTE,
        ),
      },
    ];
  },
};
