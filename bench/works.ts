/**
 * The rows of the benchmark, in the order in which they run.
 * @module
 */

import type { Work } from "./bench.ts";
import { groupHead, wholeGroup } from "./work/group_reads.ts";
import { largeGroup } from "./work/large_group.ts";
import { parallelMembers, patchMember } from "./work/members.ts";
import { deepPages, pagesWithGroups } from "./work/pages.ts";
import { scans } from "./work/scans.ts";
import { createUser, filterUsers, getUser, patchActive } from "./work/users.ts";

/** Those for which both programs run. */
export const WORKS: readonly Work[] = [
  getUser,
  filterUsers,
  createUser,
  patchActive,
  // Before large groups have made the server's memory grow.
  scans,
  patchMember,
  parallelMembers,
  groupHead,
  wholeGroup,
  deepPages,
  pagesWithGroups,
  largeGroup,
];

/** The row for which both are started anew. */
export const START = "start";

/** The row about the loading itself. */
export const LOAD = "load";

/** The names that `--only` takes. */
export const NAMES: readonly string[] = [
  LOAD,
  ...WORKS.map(({ name }) => name),
  START,
];
