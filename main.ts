/**
 * Starts the server: configuration, store, app, signals.
 * @module
 */

import { type Config, ConfigError, readConfig } from "./config.ts";
import { createApp } from "./routes/app.ts";
import { SCIM_BASE_PATH } from "./routes/paths.ts";
import { createServices, type Services } from "./routes/services.ts";
import { openKv } from "./storage/kv.ts";

/** How often jobs are looked for that nobody works on, in milliseconds. */
const JOB_INTERVAL = 30_000;

/** How long requests in flight and jobs may take after a signal, in milliseconds. */
const DRAIN_WITHIN = 4_000;

/** Writes what an operator should know as one line of JSON. */
function report(event: string, details: Record<string, unknown>): void {
  const time = new Date().toISOString();
  console.error(JSON.stringify({ time, event, ...details }));
}

function announce(
  config: Config,
  { adminSecret }: Services,
  port: number,
): void {
  const host = config.host === "0.0.0.0" || config.host === "::"
    ? "localhost"
    : config.host;
  const origin = config.publicUrl?.replace(/\/+$/, "") ??
    `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
  console.log(`SCIM base URL   ${origin}${SCIM_BASE_PATH}`);
  console.log(`Admin API       ${origin}/admin`);
  if (adminSecret.fresh !== undefined) {
    console.log(`Admin secret    ${adminSecret.fresh}`);
    console.log("                (shown this once; only its hash is stored)");
  }
}

async function main(): Promise<void> {
  const onDeploy = Deno.env.get("DENO_DEPLOYMENT_ID") !== undefined;
  const config = readConfig((name) => Deno.env.get(name), onDeploy);
  const opened = await openKv(config.kvPath);
  const services = await createServices({
    kv: opened.kv,
    adminToken: config.adminToken,
    publicUrl: config.publicUrl,
    requestsPerSecond: config.requestsPerSecond,
    answerMemory: config.answerMemory,
    exclusive: opened.exclusive,
    report,
  });
  const app = createApp(services);
  const server = Deno.serve({
    port: config.port,
    hostname: config.host,
    onListen: ({ port }) => announce(config, services, port),
  }, app.fetch);

  const jobs = setInterval(() => {
    services.jobs.resume(false).catch((error) => {
      report("jobs failed", { error: String(error) });
    });
  }, JOB_INTERVAL);

  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    clearInterval(jobs);
    const late = new Promise<void>((resolve) => {
      setTimeout(() => {
        // Nothing is lost: who waits had no answer, and jobs go on at the start.
        report("stopped late", { cutOff: "requests or jobs in flight" });
        resolve();
      }, DRAIN_WITHIN);
    });
    const drained = server.shutdown().then(() => services.jobs.idle());
    await Promise.race([drained, late]);
    opened[Symbol.dispose]();
    Deno.exit(0);
  };
  const signals: Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT"]
    : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, stop);
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    const message = error instanceof Deno.errors.AddrInUse
      ? `another program listens on port ${
        Deno.env.get("PORT") ?? 8000
      } already`
      : error instanceof Error
      ? error.message
      : String(error);
    for (const line of message.split("\n")) {
      console.error(`Cannot start: ${line}`);
    }
    if (!(error instanceof ConfigError)) report("start failed", {});
    Deno.exit(1);
  }
}
