/**
 * Measures the server against a floor in the same run; see README.md.
 *
 *     deno task bench --users 5000 --seconds 0.5
 * @module
 */

import { type Bench, reached } from "./bench.ts";
import { Driver } from "./driver.ts";
import {
  type Files,
  filesIn,
  liftRateLimit,
  loadFloor,
  loadServer,
  lonersBeside,
  type Manifest,
  range,
  readManifest,
  startServer,
  writeManifest,
} from "./load.ts";
import { type Options, readOptions, USAGE } from "./options.ts";
import { type Program, startProgram } from "./program.ts";
import { renderTable, type Row } from "./table.ts";
import { LOAD, NAMES, START, WORKS } from "./works.ts";
import { measureStart } from "./work/start.ts";

function tell(text: string): void {
  console.error(text);
}

/** Loads both stores, unless they are there. */
async function prepare(
  files: Files,
  options: Options,
  driver: Driver,
): Promise<Manifest> {
  const kept = await readManifest(files, options);
  if (kept !== undefined) return kept;
  for (const path of [files.server, files.floor]) {
    for (const suffix of ["", "-wal", "-shm", ".lock"]) {
      await Deno.remove(path + suffix).catch(() => {});
    }
  }
  tell(
    `Loading ${options.users} users and ${lonersBeside(options.users)} more`,
  );
  const store = await loadServer(files, options.users, driver, tell);
  await loadFloor(files, store);
  await writeManifest(files, store);
  return store;
}

/** Starts the floor; its answers are as long as the server's with a user. */
export async function startFloor(
  files: Files,
  store: Manifest,
  answer: number,
): Promise<Program> {
  return await startProgram({
    module: "bench/floor.ts",
    environment: {
      FLOOR_STORE: files.floor,
      FLOOR_TOKEN: store.token,
      FLOOR_ANSWER: String(answer),
    },
    ready: { path: `/Users/${store.ids[0]}`, token: store.token },
  });
}

/** How long the answers with a user are, in bytes. */
async function answerSize(
  server: Program,
  { token, ids }: Manifest,
): Promise<number> {
  const response = await fetch(
    `http://127.0.0.1:${server.port}/scim/v2/Users/${ids.at(-1)}`,
    { headers: { Authorization: `Bearer ${token}` } },
  );
  return (await response.arrayBuffer()).byteLength;
}

async function run(folder: string, options: Options): Promise<void> {
  const files = filesIn(folder);
  const driver = new Driver();
  const other = new Driver();
  const running: { stop(): Promise<void> }[] = [driver, other];
  const started = async <T extends { stop(): Promise<void> }>(
    program: Promise<T>,
  ): Promise<T> => {
    const result = await program;
    running.push(result);
    return result;
  };
  try {
    const store = await prepare(files, options, driver);
    const server = await started(startServer(files));
    await liftRateLimit(server);
    const size = await answerSize(server, store);
    const floor = await started(startFloor(files, store, size));
    const total = store.ids.length;
    const bench: Bench = {
      options,
      files,
      store,
      server,
      floor,
      driver,
      other,
      loners: range(total - lonersBeside(options.users), total),
      tell,
    };
    const rows = wanted(options, LOAD) ? loadRows(store) : [];
    for (const { name, run } of WORKS) {
      if (!wanted(options, name)) continue;
      tell(name);
      rows.push(...await rowsOrFailure(name, () => run(bench)));
      await writeManifest(files, store);
      await writeFigures(options, rows);
    }
    await server.stop();
    await floor.stop();
    if (wanted(options, START)) {
      tell(START);
      const again = () => startFloor(files, store, size);
      const start = () => measureStart(bench, again);
      rows.push(...await rowsOrFailure(START, start));
    }
    console.log(renderTable(rows));
    await writeFigures(options, rows);
  } finally {
    for (const each of running) await each.stop();
  }
}

function wanted({ only }: Options, name: string): boolean {
  return only.length === 0 || only.includes(name);
}

/** The bytes of the database that a user should not exceed. */
const BYTES_BELOW = 3_072;

function loadRows({ ids, loadedPerSecond, bytesPerUser }: Manifest): Row[] {
  return [{
    work: LOAD,
    what: `load ${ids.length} users by POST`,
    concurrency: 64,
    server: loadedPerSecond,
    unit: "req/s",
  }, {
    work: LOAD,
    what: "database for each user",
    server: bytesPerUser,
    unit: "bytes",
    aim: reached("< 3 KB", bytesPerUser < BYTES_BELOW),
  }];
}

/** The rows of some work; what goes wrong ends this work, not the others. */
async function rowsOrFailure(
  name: string,
  run: () => Promise<Row[]>,
): Promise<Row[]> {
  try {
    return await run();
  } catch (error) {
    tell(`  ${name} failed: ${error instanceof Error ? error.message : error}`);
    Deno.exitCode = 1;
    return [];
  }
}

async function writeFigures(
  options: Options,
  rows: readonly Row[],
): Promise<void> {
  if (options.json === undefined) return;
  const figures = {
    at: new Date().toISOString(),
    deno: Deno.version.deno,
    cpus: navigator.hardwareConcurrency,
    options,
    rows,
  };
  await Deno.writeTextFile(
    options.json,
    `${JSON.stringify(figures, null, 2)}\n`,
  );
}

/** The command line as options; ends the program where it makes no sense. */
function optionsOrEnd(): Options {
  try {
    const options = readOptions(Deno.args);
    if (options === undefined) {
      console.log(`${USAGE}\n\nThe rows are ${NAMES.join(", ")}`);
      Deno.exit(0);
    }
    const unknown = options.only.filter((name) => !NAMES.includes(name));
    if (unknown.length === 0) return options;
    console.error(
      `There is no row "${unknown[0]}"; there are ${NAMES.join(", ")}`,
    );
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
  }
  console.error(USAGE);
  Deno.exit(2);
}

if (import.meta.main) {
  const options = optionsOrEnd();
  if (options.store !== undefined) {
    await Deno.mkdir(options.store, { recursive: true });
    await run(options.store, options);
  } else {
    const folder = await Deno.makeTempDir({ prefix: "edge-scim-bench-" });
    try {
      await run(folder, options);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }
}
