/**
 * A KV Connect server for tests: databases in memory behind HTTP, and the faults
 * that a network and a data centre have.
 * @module
 */

import { Database, LimitError } from "./database.ts";
import {
  decodeAtomicWrite,
  decodeSnapshotRead,
  encodeAtomicWriteOutput,
  encodeSnapshotReadOutput,
} from "./messages.ts";
import { MessageError } from "./protobuf.ts";

/** The versions of the protocol that the server speaks, the best one first. */
const VERSIONS = [3, 2];

/** How long a client may use what the metadata exchange told it, in milliseconds. */
const METADATA_LIFETIME = 3_600_000;

/**
 * What clients say to be let in, when a test chooses nothing else. One for all,
 * since Deno takes it from the environment, which the tests of a process share.
 */
export const ACCESS_TOKEN = "the-access-token-of-the-tests";

/**
 * From how many bytes on a client sends the body of a request apart from its head.
 * It then waits with the body until the head is acknowledged, which the system
 * puts off by 40 ms when there is nothing to send back.
 */
const LARGE_BODY = 900;

/** How the server is started. */
export interface KvConnectServerOptions {
  /**
   * Sends the head of an answer before it has the request as a whole, so that the
   * client does not wait with the rest: 1 ms instead of 44. A large request cannot
   * be refused with a status then; the answer breaks off, and the reason is printed.
   */
  readonly prompt?: boolean;
}

/** What is wrong with the server at present. */
export interface Faults {
  /** How long each answer is held back, in milliseconds. */
  delay: number;
  /** Answers this status, 500 or more, and does nothing. */
  status: number | undefined;
  /** Carries so many of the next commits out and breaks the connection off. */
  lostCommits: number;
  /** Breaks so many of the next reads off. */
  lostReads: number;
}

/** A server with any number of databases, which come into being when asked for. */
export class KvConnectServer implements AsyncDisposable {
  /** What a client must say to be let in; can be changed at any time. */
  accessToken = ACCESS_TOKEN;
  readonly faults: Faults = {
    delay: 0,
    status: undefined,
    lostCommits: 0,
    lostReads: 0,
  };
  readonly #databases = new Map<string, Database>();
  readonly #ids = new Map<string, string>();
  readonly #prompt: boolean;
  /** 0: any that is free. */
  #port = 0;
  #running: { readonly end: AbortController; done: Promise<void> } | undefined;

  private constructor({ prompt = false }: KvConnectServerOptions) {
    this.#prompt = prompt;
  }

  /** A server that listens. */
  static start(options: KvConnectServerOptions = {}): KvConnectServer {
    const server = new KvConnectServer(options);
    server.listen();
    return server;
  }

  /** What `Deno.openKv` takes. */
  url(database = "main"): string {
    return `http://127.0.0.1:${this.#port}/${database}`;
  }

  /** Listens, after a stop on the same port and with the same data. */
  listen(): void {
    const end = new AbortController();
    const server = Deno.serve({
      port: this.#port,
      hostname: "127.0.0.1",
      signal: end.signal,
      onListen: () => {},
    }, (request) => this.#answer(request, end.signal));
    this.#port = server.addr.port;
    this.#running = { end, done: server.finished };
  }

  /** Lets go of the port and breaks all connections off. */
  async stop(): Promise<void> {
    this.#running?.end.abort();
    await this.#running?.done;
    this.#running = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    for (const database of this.#databases.values()) database[Symbol.dispose]();
    this.#databases.clear();
  }

  /** @param end is over when the server stops */
  async #answer(request: Request, end: AbortSignal): Promise<Response> {
    const answer = this.#carryOut(request, end);
    const length = Number(request.headers.get("content-length"));
    return this.#prompt && length > LARGE_BODY
      ? promptly(answer)
      : await answer;
  }

  async #carryOut(request: Request, end: AbortSignal): Promise<Response> {
    const body = await request.bytes();
    const { delay, status } = this.faults;
    if (delay > 0) await pause(delay, end);
    if (end.aborted) return refusal(503, "The server stops");
    if (status !== undefined) return refusal(status, "The server has a fault");
    try {
      const [, database = "", , method] = new URL(request.url).pathname
        .split("/");
      return method === undefined
        ? this.#exchange(request, database, body)
        : this.#call(request, database, method, body);
    } catch (error) {
      if (error instanceof MessageError || error instanceof LimitError) {
        return refusal(400, error.message);
      }
      throw error;
    }
  }

  /** The metadata exchange: where the data path is, and what to say there. */
  #exchange(request: Request, database: string, body: Uint8Array): Response {
    if (!this.#admits(request, this.accessToken)) {
      return refusal(401, "The access token is not the right one");
    }
    const { supportedVersions } = JSON.parse(new TextDecoder().decode(body));
    const version = VERSIONS.find((each) => supportedVersions.includes(each));
    if (version === undefined) {
      return refusal(400, `The versions served are ${VERSIONS.join(" and ")}`);
    }
    const id = this.#ids.get(database) ?? crypto.randomUUID();
    this.#ids.set(database, id);
    return Response.json({
      version,
      databaseId: id,
      endpoints: [{ url: `/${database}/data`, consistency: "strong" }],
      token: this.#dataToken(),
      expiresAt: new Date(Date.now() + METADATA_LIFETIME).toISOString(),
    });
  }

  #call(
    request: Request,
    name: string,
    method: string,
    body: Uint8Array,
  ): Response {
    if (!this.#admits(request, this.#dataToken())) {
      return refusal(401, "The token of the data path is not the right one");
    }
    if (request.headers.get("x-denokv-database-id") !== this.#ids.get(name)) {
      return refusal(400, "The database has another id");
    }
    const database = this.#databases.get(name) ?? new Database();
    this.#databases.set(name, database);
    switch (method) {
      case "snapshot_read": {
        const ranges = database.read(decodeSnapshotRead(body));
        if (this.faults.lostReads-- > 0) return brokenOff();
        this.faults.lostReads = 0;
        return message(encodeSnapshotReadOutput(ranges));
      }
      case "atomic_write": {
        const versionstamp = database.write(decodeAtomicWrite(body));
        if (this.faults.lostCommits-- > 0) return brokenOff();
        this.faults.lostCommits = 0;
        return message(encodeAtomicWriteOutput(versionstamp));
      }
      default:
        return refusal(400, `There is no method ${method} here`);
    }
  }

  /** Another one than the access token, so that a mix-up shows. */
  #dataToken(): string {
    return `data-${this.accessToken}`;
  }

  #admits(request: Request, token: string): boolean {
    return request.headers.get("authorization") === `Bearer ${token}`;
  }
}

/** Waits, but no longer than until a signal. */
async function pause(time: number, end: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, time);
    end.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}

function message(bytes: Uint8Array<ArrayBuffer>): Response {
  return new Response(bytes, {
    headers: { "Content-Type": "application/x-protobuf" },
  });
}

/** An answer that begins before it is known. */
function promptly(answer: Promise<Response>): Response {
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      const response = await answer;
      const bytes = await response.bytes();
      if (response.ok) {
        controller.enqueue(bytes);
        controller.close();
      } else {
        const reason = new TextDecoder().decode(bytes);
        console.error(`The KV server refuses a request: ${reason}`);
        controller.error(new Error(reason));
      }
    },
  });
  return new Response(body, {
    headers: { "Content-Type": "application/x-protobuf" },
  });
}

function refusal(status: number, reason: string): Response {
  return new Response(reason, { status });
}

/** An answer that begins and never ends: the stream of the body fails. */
function brokenOff(): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.error(new Error("The connection is broken off"));
    },
  });
  return new Response(body, {
    headers: { "Content-Type": "application/x-protobuf" },
  });
}
