import { domainOf, type Position } from "@polder/model";

/** A read model or replica as it serves at this moment. */
export interface ServingCopy {
  readonly name: string;
  /** The subscription that feeds it: that of the build that serves. */
  readonly subscription: string;
  /** Whether all that it begins with is there. A replica is filled first, from its owner: until then it has reached nothing. */
  readonly isFilled: boolean;
  /** The domains whose events it is built from. */
  readonly publishers: readonly string[];
  /** The names of these events. */
  readonly events: readonly string[];
}

/** A position, and a copy that is to have reached it. */
export interface WantedCopy {
  readonly copy: ServingCopy;
  readonly position: Position;
  /** Which of the positions that were asked for it is, from 0. */
  readonly index: number;
  /** What the copy is built from of the events that it speaks of. */
  readonly events: readonly string[];
}

/**
 * The copies that positions matter to: each that is read and built from an event that the position may speak of. Whoever
 * reads nothing of the kind need not wait. Pure.
 */
export function wantedCopies(
  positions: readonly Position[],
  copies: readonly ServingCopy[],
  reads: readonly string[] | undefined,
): readonly WantedCopy[] {
  const read = copies.filter(({ name }) => reads === undefined || reads.includes(name));
  return positions.flatMap((position, index) =>
    read.flatMap((copy) => {
      if (!copy.publishers.includes(position.publisher)) return [];
      const events = copy.events.filter(
        (event) =>
          domainOf(event) === position.publisher && (position.events === undefined || position.events.includes(event)),
      );
      return events.length === 0 ? [] : [{ copy, position, index, events }];
    }),
  );
}
