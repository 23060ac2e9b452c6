import { type AnyEvent, type AnySchema, livingMajors, majorOf } from "@polder/model";
import { type ConversionStep, type ConversionTarget, convertStep } from "./conversion.ts";
import { narrowTo } from "./narrow.ts";

/** Brings the data of an event from the major at which it is stored to the one that is needed. */
export interface EventConversion {
  /** The version of what comes out: the newest of the major that is needed. */
  readonly version: string;
  /** What the event is read with before: the newest version of the major at which it is stored. */
  readonly stored: AnySchema;
  /** @throws `CONVERSION_FAILED`, `CONVERSION_IMPOSSIBLE`. */
  readonly convert: (data: unknown) => Promise<unknown>;
}

type Step = ConversionStep & { readonly target: ConversionTarget };

/**
 * The conversion of an event between two versions, up or down, in steps between adjacent majors; nothing where one of
 * the majors is not declared. What each step gives is seen as a tolerant reader sees it.
 */
export function eventConversion(
  event: AnyEvent,
  { from, to }: { readonly from: string; readonly to: string },
): EventConversion | undefined {
  const known = conversions.get(event) ?? new Map<string, EventConversion>();
  conversions.set(event, known);
  const way = `${majorOf(from)} ${majorOf(to)}`;
  // Only ways between declared majors are kept, so that there are no more than those.
  const found = known.get(way) ?? conversionBetween(event, { from, to });
  if (found !== undefined) known.set(way, found);
  return found;
}

const conversions = new WeakMap<AnyEvent, Map<string, EventConversion>>();

function conversionBetween(
  event: AnyEvent,
  { from, to }: { readonly from: string; readonly to: string },
): EventConversion | undefined {
  const majors = livingMajors(event.versions);
  const begin = majors.findIndex(({ major }) => major === majorOf(from));
  const end = majors.findIndex(({ major }) => major === majorOf(to));
  const [source, goal] = [majors[begin], majors[end]];
  const stored = source === undefined ? undefined : event.versions[source.newest];
  if (source === undefined || goal === undefined || stored === undefined) return undefined;
  const isUp = begin < end;
  const between = majors.slice(Math.min(begin, end) + 1, Math.max(begin, end) + 1);
  const raising = between.map((newer, index): Step => {
    const older = majors[Math.min(begin, end) + index] ?? newer;
    const way = isUp ? "up" : "down";
    const target = isUp ? newer.newest : older.newest;
    const schema = event.versions[target];
    const known = event.versions[newer.first];
    if (schema === undefined || known === undefined) throw new RangeError(`${event.name} has no version ${target}`);
    return {
      converter: `${event.name} converters["${newer.first}"].${way}`,
      convert: event.converters[newer.first]?.[way],
      narrow: isUp || newer.first === newer.newest ? undefined : narrowTo(known),
      target: { version: target, schema, view: "reader", unconverted: source.newest },
    };
  });
  const steps = isUp ? raising : raising.toReversed();
  return {
    version: goal.newest,
    stored,
    convert: async (data) => {
      let converted = data;
      for (const step of steps) converted = await convertStep(step, converted, step.target);
      return converted;
    },
  };
}
