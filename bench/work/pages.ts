/**
 * Pages of all users: deep ones against the first, with groups against without.
 * @module
 */

import { z } from "zod";
import { type Bench, compare, measure, type Work } from "../bench.ts";
import { groupOf, groupSizes } from "../groups.ts";

const USERS = "/scim/v2/Users";

/** How many users a page has. */
const COUNT = 100;

const page = z.object({
  totalResults: z.number(),
  nextCursor: z.string().optional(),
});

const get = (query: string) => () => [
  { method: "GET", path: `${USERS}?${query}` },
];

async function read(
  bench: Bench,
  query: string,
): Promise<z.infer<typeof page>> {
  const { bodies } = await measure(bench, bench.server, get(query)(), {
    seconds: null,
    repeats: false,
    note: "body",
  });
  return page.parse(JSON.parse(bodies[0] ?? ""));
}

/** The cursor behind so many users; only pages of one size lead there. */
async function deepCursor(bench: Bench, depth: number): Promise<string> {
  let cursor = "";
  for (let behind = 0; behind < depth; behind += COUNT) {
    const { nextCursor } = await read(
      bench,
      `count=${COUNT}&cursor=${encodeURIComponent(cursor)}`,
    );
    if (nextCursor === undefined) break;
    cursor = nextCursor;
  }
  return encodeURIComponent(cursor);
}

/** A page at nine tenths of the list, by index and by cursor. */
export const deepPages: Work = {
  name: "pages",
  async run(bench) {
    const { totalResults } = await read(bench, "count=0");
    const depth = Math.floor(totalResults * 0.9);
    const cursor = await deepCursor(bench, depth);
    return [
      ...await compare(bench, {
        work: "pages",
        what: `page of ${COUNT} at ${depth}, against the first`,
        server: get(`count=${COUNT}&startIndex=${depth}`),
        against: get(`count=${COUNT}`),
        other: bench.server,
        within: 1.5,
      }),
      ...await compare(bench, {
        work: "pages",
        what: `page of ${COUNT} by cursor behind ${depth}, against the first`,
        server: get(`count=${COUNT}&cursor=${cursor}`),
        against: get(`count=${COUNT}&cursor=`),
        other: bench.server,
        within: 1.5,
      }),
    ];
  },
};

/** A page of users with their groups against one without. */
export const pagesWithGroups: Work = {
  name: "page-groups",
  async run(bench) {
    // So that users are in some groups.
    for (const size of groupSizes(bench)) await groupOf(bench, size);
    return await compare(bench, {
      work: "page-groups",
      what: `page of ${COUNT} with groups, against without`,
      server: get(`count=${COUNT}`),
      against: get(`count=${COUNT}&excludedAttributes=groups`),
      other: bench.server,
      within: 2,
    });
  },
};
