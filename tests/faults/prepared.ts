/**
 * A store with some thousands of users, made once and copied for each test.
 * @module
 */

import type { JsonObject } from "../../domain/json.ts";
import { clientSet, readAll, readChanges } from "./check.ts";
import { Client, issueToken } from "./client.ts";
import { Model, type PreparedUser } from "./model.ts";
import { Server } from "./server.ts";

/** How many users the store has: some sets of members are that large. */
const USERS = 3_000;

/** How many users one bulk request creates. */
const PER_REQUEST = 1_000;

/** The name of a store's file. */
const FILE = "scim.db";

/** A store that can be copied. */
export class Prepared {
  /** The secret of a token that may write. */
  readonly token: string;
  readonly #folder: string;
  readonly #users: readonly PreparedUser[];
  readonly #position: string;

  private constructor(
    folder: string,
    token: string,
    users: readonly PreparedUser[],
    position: string,
  ) {
    this.#folder = folder;
    this.token = token;
    this.#users = users;
    this.#position = position;
  }

  /** Makes a store in an empty folder. */
  static async make(folder: string): Promise<Prepared> {
    const server = await Server.start(`${folder}/${FILE}`);
    const token = await issueToken(server.origin);
    const client = new Client(server, token);
    for (let i = 0; i < USERS; i += PER_REQUEST) {
      const answer = await client.scim("POST", "/Bulk", creations(i));
      if (answer?.status !== 200) {
        throw new Error(`The users are answered ${Deno.inspect(answer)}`);
      }
    }
    const users = await readAll(client, "/Users");
    const changes = await readChanges(client, undefined);
    await server.end("SIGTERM");
    return new Prepared(
      folder,
      token,
      users.map((user) => ({
        id: String(user["id"]),
        userName: String(user["userName"]),
        attributes: clientSet(user),
      })),
      String(changes.at(-1)?.["position"]),
    );
  }

  /** Copies the store to an empty folder. */
  async copy(folder: string): Promise<{ kvPath: string; model: Model }> {
    for await (const { name } of Deno.readDir(this.#folder)) {
      await Deno.copyFile(`${this.#folder}/${name}`, `${folder}/${name}`);
    }
    return {
      kvPath: `${folder}/${FILE}`,
      model: new Model(this.#users, this.#position),
    };
  }
}

function creations(from: number): JsonObject {
  return {
    schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
    Operations: Array.from({ length: PER_REQUEST }, (_, index) => ({
      method: "POST",
      path: "/Users",
      bulkId: `u${index}`,
      data: {
        schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
        userName: `prepared-${from + index}`,
        active: true,
      },
    })),
  };
}
