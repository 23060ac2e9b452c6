import {
  type AskedPosition,
  type GrowthSignal,
  type LocatedPosition,
  locatePositions,
  type Progress,
  subscriptionProgress,
  type WantedProgress,
} from "@polder/bus";
import type { Database } from "@polder/postgres";
import { type SharedLook, sharedLook } from "./shared-look.ts";

/** What the looks of a domain need. */
export interface LooksOptions {
  readonly domain: string;
  /** The domain's database, as its own role. */
  readonly database: Database;
  /** The database of a domain whose events it needs, as its own role. */
  readonly publisherDatabase: (publisher: string) => Database;
  readonly growth: GrowthSignal;
}

type PositionLook = SharedLook<AskedPosition, LocatedPosition>;
type ProgressLook = SharedLook<WantedProgress, Progress>;

/** What is looked at for all queries of a domain in one process that wait. */
export interface Looks {
  /** Where positions are in the log of a publisher. */
  readonly positions: (publisher: string) => PositionLook;
  /** How far a subscription has come with the log of a publisher. */
  readonly progress: (stream: { readonly subscription: string; readonly publisher: string }) => ProgressLook;
  /** Says that a subscription has handled something in this process. */
  readonly handled: (subscription: string) => void;
}

/** Opens the looks; each is made when it is first asked for, as many as there are publishers and builds of copies. */
export function openLooks({ domain, database, publisherDatabase, growth }: LooksOptions): Looks {
  const positions = new Map<string, PositionLook>();
  const progress = new Map<string, Map<string, ProgressLook>>();
  return {
    positions: (publisher) =>
      getOrMake(positions, publisher, () =>
        sharedLook({
          look: (asked) => locatePositions(publisherDatabase(publisher), publisher, asked),
          isEnough: ({ state }) => state !== "waiting",
          onNews: (listener) => growth.onGrowth(publisher, listener),
        }),
      ),
    progress: ({ subscription, publisher }) => {
      const ofSubscription = getOrMake(progress, subscription, () => new Map<string, ProgressLook>());
      return getOrMake(ofSubscription, publisher, () =>
        sharedLook({
          look: (wanted) => subscriptionProgress(database, { consumer: domain, subscription, publisher }, wanted),
          // What was given up does not come by waiting.
          isEnough: ({ lag, parked, dead }) => (lag === 0n && parked === 0) || dead > 0,
        }),
      );
    },
    handled: (subscription) => {
      for (const look of progress.get(subscription)?.values() ?? []) look.news();
    },
  };
}

function getOrMake<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const value = map.get(key) ?? make();
  map.set(key, value);
  return value;
}
