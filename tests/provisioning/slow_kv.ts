/** A store that lets requests overtake each other. @module */

/** How long a call to the store waits at most, in milliseconds. */
const MAX_PAUSE = 4;

/**
 * The same store, with a random pause before each read and each commit. A store
 * in memory answers so fast that requests hardly ever meet; this one makes them
 * meet between their reads and their commits.
 */
export function slowKv(kv: Deno.Kv): Deno.Kv {
  return new Proxy(kv, {
    get(target, name) {
      switch (name) {
        case "get":
          return async (...args: Parameters<Deno.Kv["get"]>) => {
            await pause();
            return await target.get(...args);
          };
        case "getMany":
          return async (...args: Parameters<Deno.Kv["getMany"]>) => {
            await pause();
            return await target.getMany(...args);
          };
        case "atomic":
          return () => slowCommit(target.atomic());
        default: {
          const member: unknown = Reflect.get(target, name, target);
          return typeof member === "function" ? member.bind(target) : member;
        }
      }
    },
  });
}

function slowCommit(operation: Deno.AtomicOperation): Deno.AtomicOperation {
  const commit = operation.commit.bind(operation);
  operation.commit = async () => {
    await pause();
    return await commit();
  };
  return operation;
}

function pause(): Promise<void> {
  return new Promise((resolve) =>
    setTimeout(resolve, Math.random() * MAX_PAUSE)
  );
}
