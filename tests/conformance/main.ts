/**
 * The conformance runner's command line.
 *
 * Exit codes: 0 all passed, 1 something failed, 2 could not run.
 * @module
 */

import { readFiles } from "./files.ts";
import { parseOptions, USAGE, UsageError } from "./options.ts";
import { runSuite } from "./suite.ts";
import { sendOverHttp } from "./transport.ts";

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(args);
    const totals = await runSuite(await readFiles(options.paths), options, {
      send: sendOverHttp,
      print,
      newTenant: () => `conformance-${crypto.randomUUID().slice(0, 13)}`,
    });
    return totals.failed === 0 ? 0 : 1;
  } catch (error) {
    printError(error instanceof Error ? error.message : `${error}`);
    if (error instanceof UsageError) printError(`\n${USAGE}`);
    return 2;
  }
}

function print(line: string): void {
  console.log(line);
}

function printError(line: string): void {
  console.error(line);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
