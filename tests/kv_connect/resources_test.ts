/**
 * The tests of resources, members and queries again, over KV Connect.
 * @module
 */

import { overKvConnect } from "./repeat.ts";

/** Walks whose thousands of reads would take minutes. */
const LONG = "it reads lists at length, which server_test.ts compares with a " +
  "local KV in less time";

await overKvConnect(
  async () => {
    await import("../storage/change_test.ts");
    await import("../storage/changelog_test.ts");
    await import("../storage/codec_test.ts");
    await import("../storage/counters_test.ts");
    await import("../storage/jobs_test.ts");
    await import("../storage/keys_test.ts");
    await import("../storage/membership_jobs_test.ts");
    await import("../storage/membership_writer_test.ts");
    await import("../storage/memberships_test.ts");
    await import("../storage/model_test.ts");
    await import("../storage/parallel_test.ts");
    await import("../storage/queries_test.ts");
    await import("../storage/resources_test.ts");
    await import("../storage/sorted_test.ts");
    await import("../storage/views_test.ts");
  },
  new Map([
    "44-3.4.2.3-7 pages in the order of an index are slices of a plain sort",
    "44-3.4.2.3-7 sorted pages are slices of a plain sort of all matches",
    "a walk in the order of an index meets each resource that stays once, " +
    "whatever happens to others",
    "a walk in the order of an index over a store at rest is a plain sort",
    "a walk meets each resource that exists all the while once, whatever happens",
    "a walk over a store at rest shows what one page shows",
    "pages in the order of an index show each write at once",
  ].map((name) => [name, LONG] as const)),
);
