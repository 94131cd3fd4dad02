/**
 * The tests of what resources follow again, over KV Connect: schemas, unique
 * values, tenants, tokens, and the store itself.
 * @module
 */

import { overKvConnect } from "./repeat.ts";

await overKvConnect(
  async () => {
    await import("../storage/definitions_test.ts");
    await import("../storage/indexes_test.ts");
    await import("../storage/job_leases_test.ts");
    await import("../storage/open_test.ts");
    await import("../storage/registries_test.ts");
    await import("../storage/store_test.ts");
    await import("../storage/tenants_test.ts");
    await import("../storage/tokens_test.ts");
    await import("../storage/unique_values_test.ts");
  },
  new Map([
    [
      "commit() passes other errors on",
      "what a KV server refuses is an Error, and no TypeError",
    ],
    [
      "getMany() counts the deadline of a read from its own start",
      "its deadline of a second is for a local KV",
    ],
  ]),
);
