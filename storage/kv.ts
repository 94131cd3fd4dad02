/**
 * Opens the Deno KV that a path names: a local file, which one process owns, or a
 * remote one, which many may share.
 * @module
 */

/** Keeps the store in memory; nothing is left behind. */
export const IN_MEMORY = ":memory:";

/** How long the owner of a file may take to let it go, in milliseconds. */
const OWNER_WITHIN = 1_000;

/** How long a KV server may take to let somebody in, in milliseconds. */
const SERVER_WITHIN = 15_000;

/** The folder and the name of a file. */
const FILE = /^(.*)[/\\]([^/\\]*)$/;

/** A Deno KV that is open. */
export interface OpenedKv extends Disposable {
  readonly kv: Deno.Kv;
  /** Nobody else writes to it while it is open. */
  readonly exclusive: boolean;
}

/** Whether a path names a server rather than a file. */
export function isRemote(kvPath: string | undefined): boolean {
  return kvPath === undefined || /^https?:\/\//.test(kvPath);
}

/**
 * Opens a KV to write to it. A local file belongs to one process at a time: a
 * second writer would make commits of the first fail, and what the first keeps in
 * memory would no longer be what is stored. A lock on a file beside it says so;
 * the system takes it back when the process ends, however that happens.
 *
 * @param kvPath a file, a URL, ":memory:", or undefined where the platform
 * provides the store
 * @throws {Error} when another process has the file, it cannot be opened, or the
 * server lets nobody in
 */
export async function openKv(kvPath: string | undefined): Promise<OpenedKv> {
  if (kvPath === undefined || isRemote(kvPath)) {
    return opened(await openRemote(kvPath), false);
  }
  if (kvPath === IN_MEMORY) return opened(await Deno.openKv(kvPath), true);
  const folder = FILE.exec(kvPath)?.[1];
  if (folder) await Deno.mkdir(folder, { recursive: true });
  const lock = await own(`${await realPathOf(kvPath)}.lock`);
  if (lock === undefined) {
    throw new Error(
      `another process has the store ${kvPath} open; stop it first (two ` +
        "processes can share a store over KV Connect only)",
    );
  }
  try {
    return opened(await openFile(kvPath), true, lock);
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** The one path of a file that may have several, or of one that is not there yet. */
async function realPathOf(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const [, folder = ".", name = path] = FILE.exec(path) ?? [];
    return `${await Deno.realPath(folder || "/")}/${name}`;
  }
}

/** @throws {Error} that names the file, which the error of the system does not */
async function openFile(kvPath: string): Promise<Deno.Kv> {
  try {
    return await Deno.openKv(kvPath);
  } catch (error) {
    throw new Error(
      `the store ${kvPath} cannot be opened (${
        error instanceof Error ? error.message : String(error)
      }); see whether its disk has room and whether the server may write there`,
      { cause: error },
    );
  }
}

/**
 * Opens a KV to read from it, also while a server has it open.
 *
 * @throws {Error} when there is no such file, or the server lets nobody in
 */
export async function openKvToRead(
  kvPath: string | undefined,
): Promise<OpenedKv> {
  if (kvPath === undefined || isRemote(kvPath)) {
    return opened(await openRemote(kvPath), false);
  }
  if (kvPath !== IN_MEMORY) {
    try {
      await Deno.stat(kvPath);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new Error(`there is no store at ${kvPath}; KV_PATH names it`);
    }
  }
  return opened(await Deno.openKv(kvPath), false);
}

function opened(
  kv: Deno.Kv,
  exclusive: boolean,
  lock?: Deno.FsFile,
): OpenedKv {
  return {
    kv,
    exclusive,
    [Symbol.dispose]() {
      kv.close();
      lock?.close();
    },
  };
}

/** Opens a remote KV; one that takes a connection and says nothing is given up. */
async function openRemote(kvPath: string | undefined): Promise<Deno.Kv> {
  const opening = Deno.openKv(kvPath);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), SERVER_WITHIN);
  });
  try {
    const kv = await Promise.race([opening, late]);
    if (kv !== undefined) return kv;
  } finally {
    clearTimeout(timer);
  }
  opening.then((kv) => kv.close(), () => {});
  const server = kvPath === undefined
    ? "the KV server of the platform"
    : `the KV server at ${kvPath}, which KV_PATH names,`;
  throw new Error(
    `${server} does not answer within ${SERVER_WITHIN / 1_000} s`,
  );
}

/** Takes a lock; undefined when another process has it. */
async function own(path: string): Promise<Deno.FsFile | undefined> {
  const file = await Deno.open(path, { create: true, write: true, read: true });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), OWNER_WITHIN);
  });
  const isMine = await Promise.race([
    file.lock(true).then(() => true as const),
    late,
  ]);
  clearTimeout(timer);
  return isMine ? file : undefined;
}
