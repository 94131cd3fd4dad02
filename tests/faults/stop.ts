/**
 * SIGTERM under load: what was answered is there, and the end comes in time.
 * @module
 */

import type { JsonObject } from "../../domain/json.ts";
import { Random } from "../provisioning/random.ts";
import { findLosses } from "./check.ts";
import { Client } from "./client.ts";
import { Load } from "./load.ts";
import { type Model, ModelUser } from "./model.ts";
import type { Prepared } from "./prepared.ts";
import { failuresIn, pause, Server } from "./server.ts";
import { Steps } from "./steps.ts";

/** How long a server may take to end, in milliseconds. */
const END_WITHIN = 5_000;

/** How long the load lasts before the signal, in milliseconds. */
const LOAD_TIME = 1_000;

/** How long the signal waits for a large set, in milliseconds. */
const LARGE_SET_WITHIN = 10_000;

/** How many large users there are, and how many characters each has. */
const LARGE_USERS = 1_000;
const LARGE = 18_000;

/** How many large users one bulk request creates: 1 MiB is the most it may have. */
const PER_REQUEST = 50;

/**
 * Sends SIGTERM to a server under load, right after the PUT of a large set.
 *
 * @param reads whether a client asks for much meanwhile and reads nothing of it
 */
export async function stopUnderLoad(
  prepared: Prepared,
  seed: number,
  reads: "quickly" | "slowly",
): Promise<string[]> {
  const folder = await Deno.makeTempDir({ prefix: "scim-faults-" });
  const { kvPath, model } = await prepared.copy(folder);
  const server = await Server.start(kvPath);
  const faults: string[] = [];
  const client = new Client(server, prepared.token);
  const load = new Load(model, client, new Random(seed), faults);
  if (reads === "slowly") await createLargeUsers(client, model);
  const reader = reads === "slowly"
    ? await readSlowly(server.origin, prepared.token)
    : undefined;
  const done = load.run();
  await pause(LOAD_TIME);
  await Promise.race([
    pause(LARGE_SET_WITHIN),
    new Promise<void>((resolve) => load.onLargeSet = resolve),
  ]);
  const begin = Date.now();
  const { code, signal } = await server.end("SIGTERM");
  const took = Date.now() - begin;
  load.stop();
  await done;
  reader?.close();
  console.log(`  the end took ${took} ms`);
  if (code !== 0) faults.push(`the exit code is ${signal ?? code}`);
  if (took > END_WITHIN) faults.push(`the end took ${took} ms`);
  if (load.counts.acknowledged === 0) faults.push("there was no load");
  const second = await Server.start(kvPath);
  faults.push(
    ...await findLosses(model, new Client(second, prepared.token), kvPath),
    ...failuresIn(server.output + second.output),
  );
  await second.end("SIGTERM");
  await Deno.remove(folder, { recursive: true });
  return faults;
}

/** Creates users of whom one page is larger than the buffers of a connection. */
async function createLargeUsers(client: Client, model: Model): Promise<void> {
  const steps = new Steps(model, []);
  for (let i = 0; i < LARGE_USERS; i += PER_REQUEST) {
    const some = Array.from({ length: PER_REQUEST }, (_, index) => {
      const user = new ModelUser(`large-${i + index}`);
      model.users.set(user.userName, user);
      const after = {
        userName: user.userName,
        active: true,
        nickName: "x".repeat(LARGE),
      };
      const data = {
        schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
        ...after,
      };
      return steps.begin<JsonObject | undefined>({
        cell: user.state,
        after,
        target: user,
        mark: "create",
        request: { method: "POST", path: "/Users", data },
      });
    });
    await steps.sendBulk(client, some);
  }
  if (steps.counts.acknowledged < LARGE_USERS) {
    throw new Error(
      `Of the large users, there are ${steps.counts.acknowledged}`,
    );
  }
}

/** Asks for a page of the large users, and reads no more than that it begins. */
async function readSlowly(origin: string, token: string): Promise<Deno.Conn> {
  const { hostname, port } = new URL(origin);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const filter = encodeURIComponent('userName sw "large-"');
  const path = `/api/scim/v2/Users?filter=${filter}&count=${LARGE_USERS}`;
  const request = `GET ${path} HTTP/1.1\r\n` +
    `Host: ${hostname}:${port}\r\nAuthorization: Bearer ${token}\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request));
  await connection.read(new Uint8Array(1));
  return connection;
}
