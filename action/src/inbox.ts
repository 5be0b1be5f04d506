/** Where completions, signals and failures meet the loop, in the order they came. */

export interface Inbox<T> {
  readonly put: (item: T) => void;
  /** Makes the next `take` reject, before whatever lies in the inbox. */
  readonly fail: (error: unknown) => void;
  /** The oldest item, or `undefined` once the clock says `until`; `null` waits for an item alone. One caller at a time. */
  readonly take: (until: number | null, now: () => number) => Promise<T | undefined>;
}

export function createInbox<T>(): Inbox<T> {
  const items: T[] = [];
  let failure: { readonly error: unknown } | undefined;
  let wake = (): void => {};

  return {
    put: (item) => {
      items.push(item);
      wake();
    },
    fail: (error) => {
      failure ??= { error };
      wake();
    },
    take: async (until, now) => {
      if (items.length === 0 && failure === undefined) {
        await new Promise<void>((resolve) => {
          const timer = until === null ? undefined : setTimeout(resolve, clampDelay(until - now()));
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      if (failure !== undefined) throw failure.error;
      return items.shift();
    },
  };
}

/** A timer holds 31 bits; one that comes too early is harmless, since the core names its time again. */
export function clampDelay(milliseconds: number): number {
  return Math.min(Math.max(milliseconds, 0), 0x7fffffff);
}
