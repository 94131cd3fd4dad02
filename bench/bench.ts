/**
 * What every row of the benchmark works with, and how two programs are compared.
 * @module
 */

import type { Driver } from "./driver.ts";
import type { WireRequest } from "./http.ts";
import type { Files, Manifest } from "./load.ts";
import type { Options } from "./options.ts";
import type { Outcome, Plan } from "./plan.ts";
import type { Program } from "./program.ts";
import { median } from "./statistics.ts";
import type { Aim, Row } from "./table.ts";

/** The programs, their stores, and the clients. */
export interface Bench {
  readonly options: Options;
  readonly files: Files;
  readonly store: Manifest;
  readonly server: Program;
  readonly floor: Program;
  readonly driver: Driver;
  /** A second client, for what goes on meanwhile. */
  readonly other: Driver;
  /** Users that are in no group, by number. */
  readonly loners: readonly number[];
  /** Says how far it has come. */
  readonly tell: (text: string) => void;
}

/** A part of the benchmark. */
export interface Work {
  /** As `--only` takes it. */
  readonly name: string;
  readonly run: (bench: Bench) => Promise<Row[]>;
}

/**
 * Makes the requests for one measurement.
 *
 * @param sent how many this side of the comparison was sent before, so that a
 * sequence that goes to and fro can go on where it was
 */
export type RequestsFor = (sent: number) => readonly WireRequest[];

/** What is compared with what. */
export interface Comparison {
  readonly work: string;
  readonly what: string;
  readonly server: RequestsFor;
  readonly against: RequestsFor;
  /** The program that the server is compared with: the floor, or itself. */
  readonly other?: Program;
  /** Whether requests are sent again when all were sent. */
  readonly repeats?: boolean;
  /** The least ratio that is aimed at, at each concurrency. */
  readonly atLeast?: number;
  /** How many times as long as the other side may take; says the same. */
  readonly within?: number;
}

function aimOf(
  { atLeast, within }: Comparison,
  ratio: number,
): { readonly aim?: Aim } {
  if (atLeast !== undefined) {
    return { aim: reached(`≥ ${atLeast}`, ratio >= atLeast) };
  }
  return within === undefined
    ? {}
    : { aim: reached(`within ${within}`, ratio >= 1 / within) };
}

/** An outcome with the processor time of the program for each answer, in ms. */
interface Measured extends Outcome {
  readonly processor: number;
}

/** One side of a comparison. */
interface Side {
  readonly program: Program;
  readonly requests: RequestsFor;
}

/** How long both programs are run in before each comparison, in seconds. */
const WARM_UP = 0.3;

/** Sends requests for a while; every answer must be a 2xx. */
export async function measure(
  { options, store, driver }: Pick<Bench, "options" | "store" | "driver">,
  program: Program,
  requests: readonly WireRequest[],
  more: Partial<Plan> = {},
): Promise<Outcome> {
  const outcome = await driver.run({
    port: program.port,
    token: store.token,
    requests,
    concurrency: 1,
    seconds: options.seconds,
    repeats: true,
    note: "none",
    ...more,
  });
  requireSuccess(outcome, requests);
  return outcome;
}

/** @throws {Error} when an answer was not a 2xx, or a connection broke */
function requireSuccess(
  { statuses, broken, complaint }: Outcome,
  requests: readonly WireRequest[],
): void {
  const failed = Object.keys(statuses).filter((status) =>
    !status.startsWith("2")
  );
  if (failed.length === 0 && broken === 0) return;
  const [first] = requests;
  throw new Error(
    `${first?.method} ${first?.path}: ${JSON.stringify(statuses)}, ` +
      `${broken} connections broken; ${complaint ?? ""}`,
  );
}

/**
 * Measures the server and another program in turns, at each concurrency, and
 * takes the medians. The ratio is the median of the ratios of neighbours, so that
 * what slows the machine down for a while slows both.
 */
export async function compare(
  bench: Bench,
  comparison: Comparison,
): Promise<Row[]> {
  const { work, what, repeats = true } = comparison;
  const { server, floor, options, tell } = bench;
  const rows: Row[] = [];
  const mySide: Side = { program: server, requests: comparison.server };
  const otherSide: Side = {
    program: comparison.other ?? floor,
    requests: comparison.against,
  };
  const sent = new Map<Side, number>();
  for (const concurrency of options.concurrency) {
    const once = async (side: Side, seconds: number) => {
      const before = sent.get(side) ?? 0;
      const requests = side.requests(before);
      const plan = { concurrency, repeats, seconds };
      const spent = await side.program.processorTime();
      const outcome = await measure(bench, side.program, requests, plan);
      const work = await side.program.processorTime() - spent;
      sent.set(side, before + outcome.answers);
      return { ...outcome, processor: work / outcome.answers };
    };
    // Programs are compiled further while they run.
    await once(mySide, WARM_UP);
    await once(otherSide, WARM_UP);
    const mine: Measured[] = [];
    const theirs: Measured[] = [];
    for (let run = 0; run < options.runs; run++) {
      mine.push(await once(mySide, options.seconds));
      theirs.push(await once(otherSide, options.seconds));
    }
    const ratio = median(
      mine.map(({ perSecond }, i) =>
        perSecond / (theirs[i]?.perSecond ?? Infinity)
      ),
    );
    rows.push({
      work,
      what,
      concurrency,
      server: median(mine.map(({ perSecond }) => perSecond)),
      against: median(theirs.map(({ perSecond }) => perSecond)),
      unit: "req/s",
      ratio,
      processorRatio: median(theirs.map(({ processor }) => processor)) /
        median(mine.map(({ processor }) => processor)),
      p50: median(mine.map(({ latency }) => latency.p50)),
      p99: median(mine.map(({ latency }) => latency.p99)),
      ...aimOf(comparison, ratio),
    });
    tell(`  ${what}, ${concurrency} at once: ${ratio.toFixed(2)}`);
  }
  return rows;
}

/** An aim and whether it is met. */
export function reached(text: string, met: boolean): Aim {
  return { text, met };
}

/** A list from some place on, with what stands before that at its end. */
export function rotated<T>(list: readonly T[], by: number): T[] {
  const start = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}

/** Sends each request once, many at a time; every answer must be a 2xx. */
export async function sendAll(
  bench: Bench,
  program: Program,
  requests: readonly WireRequest[],
): Promise<Outcome> {
  return await measure(bench, program, requests, {
    seconds: null,
    repeats: false,
    concurrency: Math.min(16, requests.length),
  });
}

/** The id of the n-th user. */
export function idOf({ store }: Pick<Bench, "store">, number: number): string {
  const id = store.ids[number];
  if (id === undefined) throw new RangeError(`There is no user ${number}`);
  return id;
}
