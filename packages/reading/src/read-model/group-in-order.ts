/** What is grouped: events, of which those of one key keep their order. */
export interface Keyed {
  readonly name: string;
  readonly key: string;
}

/** Events of one name. */
export interface Group<Event extends Keyed> {
  readonly name: string;
  readonly events: readonly Event[];
}

/**
 * Puts events of one name together, in as few groups as it easily can: taken one group after the other, the events of each
 * key come in the order in which they came. Pure.
 */
export function groupInOrder<Event extends Keyed>(events: readonly Event[]): readonly Group<Event>[] {
  const groups: { readonly name: string; readonly events: Event[] }[] = [];
  const newestOfName = new Map<string, number>();
  const newestOfKey = new Map<string, number>();
  for (const event of events) {
    const { name, key } = event;
    let at = newestOfName.get(name);
    // Not before a later event of its key.
    if (at === undefined || at < (newestOfKey.get(key) ?? 0)) {
      at = groups.push({ name, events: [] }) - 1;
      newestOfName.set(name, at);
    }
    groups[at]?.events.push(event);
    newestOfKey.set(key, at);
  }
  return groups;
}
