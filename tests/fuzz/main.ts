/**
 * The fuzzer's command line: rounds of requests until there were enough.
 * @module
 */

import { parseFuzzOptions, USAGE } from "./options.ts";
import { runRound } from "./round.ts";

/** How many requests a round has: then the server starts on an empty store. */
const ROUND = 50_000;

/** How long an answer may take, in milliseconds. */
const PATIENCE = 1_000;

/** How many requests lie between two checks of the store. */
const CHECK_EVERY = 20_000;

async function main(): Promise<number> {
  const options = parseFuzzOptions(Deno.args);
  if (options === undefined) {
    console.error(USAGE);
    return 2;
  }
  const { requests, minutes, lanes } = options;
  const seed = options.seed ?? Math.floor(Math.random() * 0x7fffffff);
  console.log(`fuzz: seed ${seed}, ${lanes} requests at once`);
  const until = minutes === undefined
    ? undefined
    : Date.now() + minutes * 60_000;
  const statuses = new Map<number, number>();
  let sent = 0;
  let failures = 0;
  const isEnough = () =>
    until === undefined ? sent >= requests : Date.now() >= until;
  for (let round = 0; !isEnough(); round++) {
    const started = Date.now();
    const directory = options.store === "path"
      ? await Deno.makeTempDir({ prefix: "edge-scim-fuzz-" })
      : undefined;
    const result = await runRound({
      seed: seed + round,
      requests: until === undefined ? Math.min(ROUND, requests - sent) : ROUND,
      lanes,
      store: directory === undefined ? ":memory:" : `${directory}/scim.db`,
      patience: PATIENCE,
      checkEvery: CHECK_EVERY,
      tell: (finding) => console.log(`\nFOUND ${finding}\n`),
      ...(until === undefined ? {} : { until }),
    });
    if (directory !== undefined) {
      await Deno.remove(directory, { recursive: true });
    }
    sent += result.sent;
    failures += result.findings.length;
    for (const [status, count] of result.statuses) {
      statuses.set(status, (statuses.get(status) ?? 0) + count);
    }
    const rate = Math.round(result.sent / (Date.now() - started) * 1_000);
    console.log(
      `fuzz: round ${round + 1}, seed ${
        seed + round
      }: ${result.sent} requests, ` +
        `${rate}/s, slowest ${Math.round(result.slowest)} ms, ` +
        `${result.slowOnce.length} slow once, ${result.findings.length} findings`,
    );
    for (const line of result.slowOnce.slice(0, 3)) {
      console.log(`fuzz: slow once: ${line}`);
    }
  }
  const sorted = [...statuses].sort(([a], [b]) => a - b);
  const succeeded = sorted.filter(([status]) => status < 300)
    .reduce((sum, [, count]) => sum + count, 0);
  console.log(
    `fuzz: ${sent} requests, ${
      Math.round(succeeded / sent * 100)
    } % with 2xx, ` +
      `${failures} findings; ` +
      sorted.map(([status, count]) => `${status}: ${count}`).join(", "),
  );
  return failures === 0 ? 0 : 1;
}

Deno.exit(await main());
