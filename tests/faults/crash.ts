/**
 * Rounds of load, SIGKILL at a random moment, restart and check.
 * @module
 */

import { Random } from "../provisioning/random.ts";
import { findLosses } from "./check.ts";
import { Client } from "./client.ts";
import { Load } from "./load.ts";
import type { Model } from "./model.ts";
import type { Prepared } from "./prepared.ts";
import { failuresIn, pause, Server } from "./server.ts";
import { jobsLeft } from "./store_check.ts";

/** How probable it is that a round begins with a new store. */
const NEW_STORE = 0.2;

/** How probable it is that a start is cut off, too. */
const CUT_OFF = 0.4;

/** The longest time until a start is cut off, in milliseconds. */
const START_TIME = 700;

/** The longest time that a load lasts, in milliseconds. */
const LOAD_TIME = 3_000;

/** The most large sets that are sent before the one that a kill waits for. */
const LARGE_SETS = 8;

/** The longest time from the PUT of a large set to the kill, in milliseconds. */
const LARGE_SET_TIME = 250;

/** A store, its running server and what must be in it. */
interface Running {
  readonly folder: string;
  readonly kvPath: string;
  readonly model: Model;
  server: Server;
}

/** What a round came to. */
export interface Round {
  readonly seed: number;
  /** One line on what has happened. */
  readonly summary: string;
  /** What differs from what must be. */
  readonly faults: readonly string[];
}

/**
 * Runs rounds one by one. The store of one that fails stays where it is.
 *
 * @param seed of the first round; each further one has the next number
 */
export async function* crashRounds(
  prepared: Prepared,
  seed: number,
  count: number,
): AsyncGenerator<Round> {
  let running: Running | undefined;
  for (let i = 0; i < count; i++) {
    const random = new Random(seed + i);
    if (running === undefined || random.chance(NEW_STORE)) {
      await drop(running);
      running = await startCopy(prepared);
    }
    const { summary, faults } = await crash(running, prepared.token, random);
    yield { seed: seed + i, summary, faults };
    if (faults.length > 0) {
      await running.server.end("SIGKILL");
      console.log(`  the store is kept in ${running.folder}`);
      running = undefined;
    }
  }
  await drop(running);
}

async function startCopy(prepared: Prepared): Promise<Running> {
  const folder = await Deno.makeTempDir({ prefix: "scim-faults-" });
  const { kvPath, model } = await prepared.copy(folder);
  return { folder, kvPath, model, server: await Server.start(kvPath) };
}

async function drop(running: Running | undefined): Promise<void> {
  if (running === undefined) return;
  await running.server.end("SIGKILL");
  await Deno.remove(running.folder, { recursive: true });
}

/** Load, kill, restart, check. */
async function crash(
  running: Running,
  token: string,
  random: Random,
): Promise<Omit<Round, "seed">> {
  const { model, kvPath } = running;
  const faults: string[] = [];
  const client = new Client(running.server, token);
  const load = new Load(model, client, random.fork(), faults);
  const done = load.run();
  const after = await killDuring(load, running.server, random);
  load.stop();
  await done;
  const jobs = [...await jobsLeft(kvPath)].map(([kind, n]) => `${n} ${kind}`);
  const outputs = [running.server.output];
  let cutOff = 0;
  while (random.chance(CUT_OFF)) {
    const server = Server.spawn(kvPath);
    await pause(random.next() * START_TIME);
    await server.end("SIGKILL");
    outputs.push(server.output);
    cutOff++;
  }
  running.server = await Server.start(kvPath);
  faults.push(
    ...await findLosses(model, new Client(running.server, token), kvPath),
  );
  outputs.push(running.server.output);
  faults.push(...outputs.flatMap(failuresIn));
  const { acknowledged, refused, unanswered, busy } = load.counts;
  return {
    faults,
    summary:
      `${acknowledged} acknowledged, ${refused} refused, ${busy} put off, ` +
      `${unanswered} unanswered; killed ${after}` +
      (jobs.length > 0 ? `; jobs left: ${jobs.join(", ")}` : "") +
      (cutOff > 0 ? `; ${cutOff} starts cut off` : ""),
  };
}

/** Kills a server at a random moment, or shortly after a large set was sent. */
async function killDuring(
  load: Load,
  server: Server,
  random: Random,
): Promise<string> {
  const begin = Date.now();
  let kind = "";
  const timed = pause(20 + random.next() * LOAD_TIME);
  if (random.chance(0.5)) await timed;
  else {
    const delay = random.next() * LARGE_SET_TIME;
    let left = random.integer(LARGE_SETS);
    const sent = new Promise<void>((resolve) => {
      load.onLargeSet = () => {
        if (left-- === 0) resolve();
      };
    });
    await Promise.race([
      pause(LOAD_TIME),
      sent.then(() => {
        kind = ` (${Math.round(delay)} ms after a large set was sent)`;
        return pause(delay);
      }),
    ]);
  }
  await server.end("SIGKILL");
  return `after ${Date.now() - begin} ms${kind}`;
}
