/**
 * The KV Connect server as a program of its own, for tests that must not share
 * their event loop with it. Prints its port, and ends when its input does.
 * @module
 */

import { KvConnectServer } from "./server.ts";

if (import.meta.main) {
  await using server = KvConnectServer.start({ prompt: true });
  console.log(new URL(server.url()).port);
  for await (const _ of Deno.stdin.readable) {
    // Nothing is said to it.
  }
}
