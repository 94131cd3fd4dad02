/** Work that runs in parallel. @module */

/** A piece of work. */
export type Task = () => Promise<void>;

/** How many requests Entra and Okta were seen to have under way at once, at most. */
export const MAX_PARALLEL = 16;

/**
 * Runs tasks in the given order, up to `parallel` of them at once. Ends when
 * nothing is under way any more, whether or not something failed.
 *
 * @throws whatever the first failed task threw
 */
export async function runAll(
  tasks: Iterable<Task>,
  parallel = MAX_PARALLEL,
): Promise<void> {
  const queue = [...tasks];
  const errors: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (let task = queue.shift(); task !== undefined; task = queue.shift()) {
      try {
        await task();
      } catch (error) {
        errors.push(error);
        queue.length = 0;
      }
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  if (errors.length > 0) throw errors[0];
}
