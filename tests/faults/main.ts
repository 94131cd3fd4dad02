/**
 * Kills, stops and starves a real server, and looks whether anything is lost.
 *
 *     deno task test:faults [--seed N] [--rounds M] [--only self|format|disk|stop|crash]
 * @module
 */

import { parseArgs } from "node:util";
import { crashRounds } from "./crash.ts";
import {
  fillDisk,
  mountDisk,
  type SmallDisk,
  startWithoutRoom,
  unmountDisk,
} from "./disk_full.ts";
import { startOnNewerFormat } from "./newer_format.ts";
import { Prepared } from "./prepared.ts";
import { killServers } from "./server.ts";
import { checkTheCheck } from "./self_check.ts";
import { stopUnderLoad } from "./stop.ts";

/** A test: what must not be, one sentence each; or why it is left out. */
type Outcome = readonly string[] | { readonly leftOut: string };

const counts = { passed: 0, failed: 0, skipped: 0 };

function tell(name: string, outcome: Outcome): void {
  if ("leftOut" in outcome) {
    counts.skipped++;
    console.log(`left out: ${name}: ${outcome.leftOut}`);
  } else if (outcome.length === 0) {
    counts.passed++;
    console.log(`ok      ${name}`);
  } else {
    counts.failed++;
    console.log(`FAILED  ${name}`);
    for (const sentence of outcome) console.log(`  ${sentence}`);
  }
}

function numberOf(text: string, name: string): number {
  if (!/^\d{1,10}$/.test(text)) {
    throw new TypeError(`--${name} must be a number, not "${text}"`);
  }
  return Number(text);
}

/** What can be run alone. */
const KINDS = ["self", "format", "disk", "stop", "crash"];

async function runAll(
  seed: number,
  rounds: number,
  isWanted: (kind: string) => boolean,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "scim-faults-" });
  try {
    const prepared = await Prepared.make(folder);
    if (isWanted("self")) {
      tell(
        "the check notices every damage",
        await checkTheCheck(prepared, seed),
      );
    }
    if (isWanted("format")) {
      tell(
        "a store of a newer format is refused, and not changed",
        await startOnNewerFormat(prepared),
      );
    }
    if (isWanted("disk")) await runOnSmallDisk(prepared, seed);
    if (isWanted("stop")) {
      for (const reads of ["quickly", "slowly"] as const) {
        tell(
          `SIGTERM under load loses nothing while clients read ${reads}`,
          await stopUnderLoad(prepared, seed, reads),
        );
      }
    }
    if (isWanted("crash")) {
      for await (const round of crashRounds(prepared, seed, rounds)) {
        tell(`SIGKILL, seed ${round.seed}: ${round.summary}`, round.faults);
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function runOnSmallDisk(prepared: Prepared, seed: number): Promise<void> {
  const tests: readonly (readonly [
    string,
    (disk: SmallDisk) => Promise<string[]>,
  ])[] = [
    [
      "a full disk puts writes off and loses nothing",
      (disk) => fillDisk(prepared, seed, disk),
    ],
    [
      "a server that finds its disk full says so, and starts when there is room",
      (disk) => startWithoutRoom(prepared, disk),
    ],
  ];
  for (const [name, test] of tests) {
    const disk = await mountDisk();
    if (disk.problem !== undefined) {
      tell(name, { leftOut: `cannot mount a small disk: ${disk.problem}` });
      continue;
    }
    try {
      tell(name, await test(disk));
    } finally {
      await unmountDisk(disk);
    }
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      seed: { type: "string" },
      rounds: { type: "string", default: "30" },
      only: { type: "string" },
    },
  });
  const { only } = values;
  if (only !== undefined && !KINDS.includes(only)) {
    throw new TypeError(`--only must be one of ${KINDS.join(", ")}`);
  }
  const random = String(Math.floor(Math.random() * 1_000_000));
  const seed = numberOf(values.seed ?? random, "seed");
  const rounds = numberOf(values.rounds, "rounds");
  const begin = Date.now();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      killServers();
      Deno.exit(1);
    });
  }
  console.log(`seed ${seed}`);
  await runAll(seed, rounds, (kind) => only === undefined || only === kind);
  const seconds = Math.round((Date.now() - begin) / 1_000);
  console.log(`took ${seconds} s`);
  console.log(
    `${counts.passed} passed, ${counts.failed} failed` +
      (counts.skipped > 0 ? `, ${counts.skipped} skipped` : ""),
  );
  Deno.exit(counts.failed === 0 ? 0 : 1);
}
