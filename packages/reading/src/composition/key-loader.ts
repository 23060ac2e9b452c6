import DataLoader from "dataloader";
import { keyText } from "./joined.ts";
import type { PartOutcome } from "./stitch.ts";

/** What there is for a key. */
export type KeyOutcome = PartOutcome<readonly unknown[]>;

/** Gives what there is for keys: the same key is asked for once, whoever wants it. */
export interface KeyLoader {
  /** In the order of the keys. It fails when one of its calls does; what nobody else waits for is then not called for. */
  readonly load: (keys: readonly unknown[]) => Promise<readonly KeyOutcome[]>;
}

/** How many keys a call takes, and who makes it. */
export interface KeyLoaderOptions {
  readonly keysPerCall: number;
  /** Makes one call; it asks `isWanted` when its turn has come. */
  readonly ask: (keys: readonly unknown[], isWanted: () => boolean) => Promise<readonly KeyOutcome[]>;
}

/** Makes the loader of one query for one run of a composition: what it knows is forgotten with it. */
export function keyLoader({ keysPerCall, ask }: KeyLoaderOptions): KeyLoader {
  let users = 0;
  const isWanted = (): boolean => users > 0;
  const loader = new DataLoader<unknown, KeyOutcome, unknown>(async (keys) => await ask(keys, isWanted), {
    maxBatchSize: keysPerCall,
    cacheKeyFn: keyText,
  });
  return {
    load: async (keys) => {
      users += 1;
      try {
        return await Promise.all(keys.map((key) => loader.load(key)));
      } finally {
        users -= 1;
      }
    },
  };
}
