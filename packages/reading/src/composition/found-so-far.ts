import type { Composition } from "@polder/model";
import { readingErrors } from "../errors.ts";

/** What the parts of a composition have found until now. */
export interface FoundSoFar {
  /** Says what a part has found: nothing where it is missing. */
  readonly settle: (name: string, value: unknown) => void;
  /**
   * Runs a join's function as soon as all that it reads is there. It is run to find out what that is, and again when
   * that has come: once more than there are parts at most.
   *
   * @throws what the function throws, and `COMPOSITION_CIRCULAR` where joins wait for each other.
   */
  readonly read: <Result>(join: string, run: (found: never) => Result) => Promise<Result>;
}

/** Makes an empty one for the parts of a composition. */
export function foundSoFar(composition: Composition, names: readonly string[]): FoundSoFar {
  const there = new Map<string, unknown>();
  const arrivals = new Map(names.map((name) => [name, Promise.withResolvers<void>()]));
  /** By each join that waits: what it waits for. Never a circle, so whoever follows it comes to an end. */
  const waits = new Map<string, string>();

  const wait = async (join: string, awaited: string): Promise<void> => {
    const chain = [join];
    for (let next: string | undefined = awaited; next !== undefined; next = waits.get(next)) {
      if (next === join) throw circular(composition, chain);
      chain.push(next);
    }
    waits.set(join, awaited);
    await arrivals.get(awaited)?.promise;
    waits.delete(join);
  };
  return {
    settle: (name, value) => {
      there.set(name, value);
      arrivals.get(name)?.resolve();
    },
    read: async (join, run) => {
      for (;;) {
        const { found, awaited } = watched(names, there);
        const result = attempt(() => run(found as never));
        const missing = awaited();
        if (missing === undefined) return result();
        // What it gave or threw for want of something says nothing; it is asked again when that has come.
        await wait(join, missing);
      }
    },
  };
}

/** Runs a function and gives what it gave, or throws what it threw, when that is asked for. */
function attempt<Result>(run: () => Result): () => Result {
  try {
    const result = run();
    // Whoever asks for it refuses what is only promised; if nobody does, its failure is nobody's.
    if (result instanceof Promise) result.catch(() => undefined);
    return () => result;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/** What is there, as an object that notices when somebody reads what is not. */
function watched(names: readonly string[], there: ReadonlyMap<string, unknown>) {
  let first: string | undefined;
  const getters = names.map((name): [string, PropertyDescriptor] => {
    const get = (): unknown => {
      if (there.has(name)) return there.get(name);
      first ??= name;
      throw notYet;
    };
    return [name, { enumerable: true, get }];
  });
  return { found: Object.create(null, Object.fromEntries(getters)) as object, awaited: () => first };
}

/** Thrown often, and hardly ever seen: only by a function that keeps what it was given, and reads it later. */
const notYet = new Error("What is read has not been found yet; read it while the function runs, and not later");

function circular({ api, operation }: Composition, joins: readonly string[]): Error {
  const circle = [...joins.slice(1), joins[0]].map((join) => `"${join}"`).join(", which reads ");
  return readingErrors.COMPOSITION_CIRCULAR(
    `The composition of ${api}.${operation} cannot be answered: the keys of its join "${joins[0]}" read ${circle}. ` +
      "Have one of them read what the sources have found.",
    { api, operation, joins },
  );
}
