import { type Behaviour, letters, type PartSpec, truth, type World } from "./world.ts";

/** What a composition may give: the answer, or one of several ends where more than one required part has failed. */
export interface Expected {
  readonly answer: { readonly parts: object; readonly missing: readonly object[] };
  /** How the whole may end instead, if it may. */
  readonly ends: readonly string[];
}

type Item = Readonly<Record<string, unknown>>;

/** What one part comes to. Where it waits for one that has failed, it comes to nothing. */
type Outcome =
  | { readonly is: "found"; readonly letters: readonly string[]; readonly shown: unknown; readonly missing?: object }
  | { readonly is: "missing"; readonly missing: object }
  | { readonly is: "ended"; readonly how: string }
  | { readonly is: "stuck" };

const codes: Readonly<Record<Exclude<Behaviour, "answers">, { readonly thrown: string; readonly missing: object }>> = {
  unreachable: { thrown: "CALL_UNREACHABLE", missing: { code: "CALL_UNREACHABLE" } },
  garbage: { thrown: "ANSWER_INVALID", missing: { code: "ANSWER_INVALID" } },
  busy: { thrown: "OVERLOADED", missing: { code: "OVERLOADED" } },
  broken: { thrown: "CALL_FAILED", missing: { code: "HANDLER_FAILED" } },
  refuses: { thrown: "CALL_FAILED", missing: { code: "REFUSED", refusal: "Later" } },
};

/** Composes in the plainest way: one part after the other, each after those that it reads, one key after the other. */
export function composePlainly(
  declared: readonly PartSpec[],
  { order, world, start }: { readonly order: readonly string[]; readonly world: World; readonly start: string },
): Expected {
  const outcomes = new Map<string, Outcome>();
  for (const name of order) {
    const spec = declared.find((one) => one.name === name) as PartSpec;
    outcomes.set(name, outcomeOf(spec, { outcomes, world, start }));
  }
  const of = (name: string): Outcome => outcomes.get(name) as Outcome;
  // Sources stand before joins, wherever they were written down.
  const inOrder = [
    ...declared.filter(({ reads }) => reads.length === 0),
    ...declared.filter(({ reads }) => reads.length > 0),
  ];
  const shown = declared.map(({ name }): [string, unknown] => {
    const outcome = of(name);
    return [name, outcome.is === "found" ? outcome.shown : undefined];
  });
  const missing = inOrder.flatMap(({ name }) => {
    const outcome = of(name);
    return "missing" in outcome && outcome.missing !== undefined ? [{ source: name, ...outcome.missing }] : [];
  });
  const ends = [...outcomes.values()].flatMap((outcome) => (outcome.is === "ended" ? [outcome.how] : []));
  return { answer: { parts: Object.fromEntries(shown), missing }, ends };
}

interface Surroundings {
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly world: World;
  readonly start: string;
}

function outcomeOf(spec: PartSpec, { outcomes, world, start }: Surroundings): Outcome {
  const { owner, kind, optional, isGoneAbsent, reads } = spec;
  const read = reads.map((name) => outcomes.get(name) as Outcome);
  if (read.some(({ is }) => is === "stuck" || is === "ended")) return { is: "stuck" };
  const behaviour = world[`${owner}.${kind}`] ?? "answers";
  if (reads.length === 0) {
    if (behaviour !== "answers") return failing(spec, behaviour, { letters: ["a"], shown: { ids: ["a"] } });
    const ids = truth.list(owner, start);
    return { is: "found", letters: ids, shown: { ids } };
  }
  const keys = [...new Set(read.flatMap((one) => (one.is === "found" ? one.letters : [])))];
  if (keys.length > (spec.keysMax ?? 100)) {
    const code = "COMPOSITION_TOO_WIDE";
    return optional ? { is: "missing", missing: { code } } : { is: "ended", how: `failed ${code}` };
  }
  if (keys.length > 0 && behaviour !== "answers") return failing(spec, behaviour, { letters: [], shown: [] });
  const found = new Map<string, readonly Item[]>();
  for (const id of keys) {
    if (kind === "many") {
      found.set(
        id,
        truth
          .many(owner, id)
          .map((one) => ({ id, ...one }))
          .reverse(),
      );
      continue;
    }
    const one = truth.one(owner, id);
    if (typeof one !== "string") found.set(id, [{ id, ...one }]);
    else if (one === "Locked" || !isGoneAbsent)
      return optional
        ? { is: "missing", missing: { code: "REFUSED", refusal: one } }
        : { is: "ended", how: `refused ${one} ${JSON.stringify(one === "Gone" ? { id } : {})}` };
  }
  const shown = letters.flatMap((id) => found.get(id) ?? []);
  return { is: "found", letters: shown.map(({ next }) => String(next)), shown };
}

/** A fallback answers for `soft`, where there is one and the failure is the other side's. */
function failing(
  { owner, kind, optional }: PartSpec,
  behaviour: Exclude<Behaviour, "answers">,
  fallback: { readonly letters: readonly string[]; readonly shown: unknown },
): Outcome {
  const { thrown, missing } = codes[behaviour];
  if (owner === "soft" && kind !== "one" && behaviour !== "refuses")
    return { is: "found", ...fallback, missing: { code: thrown, substituted: true } };
  return optional ? { is: "missing", missing } : { is: "ended", how: `failed ${thrown}` };
}
