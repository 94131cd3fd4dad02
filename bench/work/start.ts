/**
 * From the start of a program to its first answer with a stored user.
 * @module
 */

import { type Bench, reached } from "../bench.ts";
import { startServer } from "../load.ts";
import type { Program } from "../program.ts";
import { median } from "../statistics.ts";
import type { Row } from "../table.ts";

const WITHIN = 1.5;

/** Starts are short; so many make a median. */
const STARTS = 7;

/** What a start took, and how much of it a processor was busy, in milliseconds. */
interface Started {
  readonly took: number;
  readonly processor: number;
}

/**
 * Starts the server and the floor (Hono, Zod and KV alone) in turns. Neither may
 * be running.
 *
 * @param startFloor starts the floor
 */
export async function measureStart(
  { files, store }: Pick<Bench, "files" | "store">,
  startFloor: () => Promise<Program>,
): Promise<Row[]> {
  const ready = {
    path: `/scim/v2/Users/${store.ids[0]}`,
    token: store.token,
  };
  const mine: Started[] = [];
  const theirs: Started[] = [];
  const time = async (start: () => Promise<Program>, into: Started[]) => {
    const program = await start();
    const processor = await program.processorTime();
    into.push({ took: program.startedIn, processor });
    await program.stop();
  };
  const took = (starts: readonly Started[]) =>
    median(starts.map(({ took }) => took));
  const processor = (starts: readonly Started[]) =>
    median(starts.map(({ processor }) => processor));
  for (let run = 0; run < STARTS; run++) {
    await time(() => startServer(files, ready), mine);
    await time(startFloor, theirs);
  }
  const ratio = median(
    mine.map((each, i) => each.took / (theirs[i]?.took ?? 0)),
  );
  return [{
    work: "start",
    what: `start with ${store.ids.length} users to the first 200`,
    server: took(mine),
    against: took(theirs),
    unit: "ms",
    ratio,
    processorRatio: processor(mine) / processor(theirs),
    aim: reached(`< ${WITHIN}`, ratio < WITHIN),
  }];
}
