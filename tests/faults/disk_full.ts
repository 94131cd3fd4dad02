/**
 * A disk without room: writes are put off, reads go on, and nothing is half
 * there when there is room again.
 * @module
 */

import { Random } from "../provisioning/random.ts";
import { findLosses } from "./check.ts";
import { type Answer, Client } from "./client.ts";
import { Load } from "./load.ts";
import type { Prepared } from "./prepared.ts";
import { failuresIn, pause, Server } from "./server.ts";

/** The size of the disk; the prepared store takes a part of it. */
const DISK = "96m";

/** How long the load lasts with room and without, in milliseconds. */
const LOAD_TIME = 1_500;

/** How many bytes are written at once to fill the disk. */
const BLOCK = 65_536;

/** A disk of its own, or why there is none. */
export interface SmallDisk {
  readonly folder: string;
  readonly problem: string | undefined;
}

/** Mounts a small disk in memory; only root may. */
export async function mountDisk(): Promise<SmallDisk> {
  const folder = await Deno.makeTempDir({ prefix: "scim-faults-disk-" });
  const problem = await command("mount", [
    "-t",
    "tmpfs",
    "-o",
    `size=${DISK}`,
    "tmpfs",
    folder,
  ]);
  if (problem !== undefined) await Deno.remove(folder);
  return { folder, problem };
}

/** Takes a small disk away. */
export async function unmountDisk({ folder }: SmallDisk): Promise<void> {
  const problem = await command("umount", [folder]);
  if (problem !== undefined) throw new Error(problem);
  await Deno.remove(folder);
}

/** Fills the disk under a server, makes room again, and looks at what is there. */
export async function fillDisk(
  prepared: Prepared,
  seed: number,
  { folder }: SmallDisk,
): Promise<string[]> {
  const { kvPath, model } = await prepared.copy(folder);
  const filler = `${folder}/filler`;
  const server = await Server.start(kvPath);
  const client = new Client(server, prepared.token);
  const faults: string[] = [];
  const load = new Load(model, client, new Random(seed), faults);
  const done = load.run();
  await pause(LOAD_TIME);
  await fill(filler);
  await pause(LOAD_TIME);
  load.stop();
  await done;
  if (load.counts.busy === 0) faults.push("no write of the load was put off");
  // What was put off may have left some room.
  await fill(filler);
  faults.push(...await askWithoutRoom(client, "full"));
  await Deno.remove(filler);
  const after = await create(client, "room");
  if (after?.status !== 201) {
    faults.push(`with room again, POST answers ${Deno.inspect(after)}`);
  }
  await client.scim("DELETE", `/Users/${after?.id}`);
  faults.push(
    ...failuresIn(server.output).filter((line) =>
      // Jobs wait for room, and say so.
      !/"job failed".*no room/.test(line)
    ),
  );
  if (!/"event":"unavailable".*no room/.test(server.output)) {
    faults.push("the operator is not told that there is no room");
  }
  await server.end("SIGTERM");
  const second = await Server.start(kvPath);
  const client2 = new Client(second, prepared.token);
  faults.push(
    ...(await findLosses(model, client2, kvPath)).filter((sentence) =>
      !isOfProbe(sentence, after?.id)
    ),
  );
  await second.end("SIGTERM");
  return faults;
}

/** A server that finds no room to open its store says so, and starts later. */
export async function startWithoutRoom(
  prepared: Prepared,
  { folder }: SmallDisk,
): Promise<string[]> {
  const { kvPath } = await prepared.copy(folder);
  const filler = `${folder}/filler`;
  await fill(filler);
  const faults: string[] = [];
  const first = Server.spawn(kvPath);
  const { code } = await first.ended();
  if (code !== 1) faults.push(`the exit code is ${code}`);
  const wanted = "see whether its disk has room";
  if (!first.output.includes(wanted)) {
    faults.push(`"${wanted}" is not in what it says: ${first.output}`);
  }
  await Deno.remove(filler);
  const second = await Server.start(kvPath);
  const client = new Client(second, prepared.token);
  const created = await create(client, "room");
  if (created?.status !== 201) {
    faults.push(`with room again, POST answers ${Deno.inspect(created)}`);
  }
  await second.end("SIGTERM");
  return faults;
}

/** Writes are 503 with a SCIM body, and reads go on. */
async function askWithoutRoom(
  client: Client,
  userName: string,
): Promise<string[]> {
  const faults: string[] = [];
  const refused = await create(client, userName);
  if (
    refused?.status !== 503 || refused.body?.["status"] !== "503" ||
    !String(refused.body["detail"]).includes("no room left on its disk")
  ) {
    faults.push(`without room, POST answers ${Deno.inspect(refused)}`);
  }
  for (
    const path of ["/Users?count=10", "/Groups", "/ServiceProviderConfig"]
  ) {
    const answer = await client.scim("GET", path);
    if (answer?.status !== 200) {
      faults.push(`without room, GET ${path} answers ${Deno.inspect(answer)}`);
    }
  }
  return faults;
}

function create(
  client: Client,
  userName: string,
): Promise<Answer | undefined> {
  return client.scim("POST", "/Users", {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
    userName,
  });
}

/** The log tells of the user that was created and deleted to see if that works. */
function isOfProbe(sentence: string, id: string | undefined): boolean {
  return id !== undefined && sentence.startsWith("the log has one ") &&
    sentence.includes(id);
}

/** Writes a file until the disk is full. */
async function fill(path: string): Promise<void> {
  const file = await Deno.open(path, { create: true, append: true });
  try {
    for (let size = BLOCK; size >= 1;) {
      try {
        await file.write(new Uint8Array(size));
      } catch {
        size = Math.floor(size / 2);
      }
    }
  } finally {
    file.close();
  }
}

/** Runs a command; says what is wrong when it fails. */
async function command(
  name: string,
  args: string[],
): Promise<string | undefined> {
  try {
    const { success, stderr } = await new Deno.Command(name, { args }).output();
    return success ? undefined : new TextDecoder().decode(stderr).trim();
  } catch (error) {
    return String(error);
  }
}
