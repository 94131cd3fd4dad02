/**
 * Checks a store, and mends it on request.
 *
 *     deno task check-store [--mend] [--json] [--tenant ID]
 *
 * Without `--mend` the store may be in use. Exit code 0: all is well, or was
 * mended; 1: something is left that does not fit together; 2: the store cannot be
 * checked.
 * @module
 */

import { parseArgs } from "node:util";
import {
  type CheckReport,
  checkStore,
  type Disagreement,
} from "../storage/check/check.ts";
import { tenantKey } from "../storage/keys.ts";
import { openKv, openKvToRead } from "../storage/kv.ts";
import { Store } from "../storage/store.ts";
import { kvPathOf, PATIENCE, runTool } from "./store.ts";

/** What the program was asked to do. */
interface Options {
  readonly mend: boolean;
  readonly json: boolean;
  readonly tenant: string | undefined;
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      mend: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      tenant: { type: "string" },
    },
  });
  return { mend: values.mend, json: values.json, tenant: values.tenant };
}

function line({ tenant, kind, key, detail, ...found }: Disagreement): string {
  const state = found.mended
    ? "mended"
    : found.mendable
    ? "can be mended"
    : "cannot be mended";
  return `${kind}${tenant === undefined ? "" : ` in ${tenant}`}: ${detail} ` +
    `[${key.join(" ")}] (${state})`;
}

function summary(
  { checked, left, mended, pending, took }: CheckReport,
): string {
  const counts = Object.entries(checked).map(([kind, count]) =>
    `${count} ${kind}`
  );
  return `Looked at ${counts.join(", ") || "nothing"} in ${
    (took / 1_000).toFixed(1)
  } s. Disagreements: ${left} left, ${mended} mended. Jobs not done: ${pending}.`;
}

/** @throws {Error} when there is no such tenant */
async function requireTenant(store: Store, tenant: string): Promise<void> {
  const { versionstamp } = await store.get(tenantKey(tenant));
  if (versionstamp === null) {
    throw new Error(`there is no tenant "${tenant}" in the store`);
  }
}

async function main(): Promise<number> {
  const { mend, json, tenant } = readOptions(Deno.args);
  const kvPath = kvPathOf();
  // Where there is no store, none is to be made.
  if (mend) (await openKvToRead(kvPath))[Symbol.dispose]();
  using opened = mend ? await openKv(kvPath) : await openKvToRead(kvPath);
  const store = new Store(opened.kv, PATIENCE);
  if (tenant !== undefined) await requireTenant(store, tenant);
  const report = await checkStore(store, {
    mend,
    tenant,
    ...(json ? {} : { onFound: (found) => console.log(line(found)) }),
  });
  console.log(json ? JSON.stringify(report) : summary(report));
  return report.left === 0 ? 0 : 1;
}

await runTool("check", main, 2);
