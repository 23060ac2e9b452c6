import type { Metadata, SchemaType } from "../schema/schema-content.ts";
import type { CompatibilityPolicy, Difference, SchemaFormat } from "../schema/schema-format.ts";
import { type CompatibilityLevel, demandsOf } from "./compatibility-level.ts";

/** A version that a new one is compared with. */
export interface EarlierVersion {
  readonly version: number;
  readonly type: SchemaType;
  /** Reads it, when it is its turn. */
  readonly load: () => Promise<{ readonly text: string; readonly model: unknown }>;
}

/** What {@link incompatibilities} compares. */
export interface CompatibilityCheck {
  readonly format: SchemaFormat;
  readonly level: CompatibilityLevel;
  readonly policy: CompatibilityPolicy;
  readonly schema: unknown;
  readonly metadata: Metadata | null;
  /** The newest last. */
  readonly earlier: readonly EarlierVersion[];
}

/** Messages about one version at most; the rest is counted. */
const MESSAGES_MAX = 50;

/**
 * Why a new version is not compatible with earlier ones, as messages in the form of Confluent Schema Registry; none when
 * it is. The first version that does not fit is told, with its number and its text, and at last the level.
 */
export async function incompatibilities(check: CompatibilityCheck): Promise<readonly string[]> {
  const { level, earlier } = check;
  const { isTransitive } = demandsOf(level);
  if (level === "NONE") return [];
  const compared = isTransitive ? earlier.toReversed() : earlier.slice(-1);
  for (const version of compared) {
    const { text, model } = await version.load();
    const found = differencesWith(check, version, model);
    if (found.length === 0) continue;
    return [
      ...found.slice(0, MESSAGES_MAX),
      ...(found.length > MESSAGES_MAX ? [`{and ${found.length - MESSAGES_MAX} more}`] : []),
      `{oldSchemaVersion: ${version.version}}`,
      `{oldSchema: '${text}'}`,
      `{compatibility: '${level}'}`,
    ];
  }
  return [];
}

function differencesWith(
  { format, level, policy, schema, metadata }: CompatibilityCheck,
  version: EarlierVersion,
  earlier: unknown,
): readonly string[] {
  if (version.type !== format.type) {
    const description = `The schema is ${format.type}, and version ${version.version} is ${version.type}`;
    return [told({ type: "SCHEMA_TYPE_CHANGED", path: "/", description }, format.type)];
  }
  const { backward, forward } = demandsOf(level);
  const { comparer } = format;
  const both = [
    ...(backward ? comparer.differences({ reader: schema, writer: earlier, policy, metadata }) : []),
    ...(forward ? comparer.differences({ reader: earlier, writer: schema, policy, metadata }) : []),
  ];
  return [...new Set(both.map((one) => told(one, format.type)))];
}

/** Confluent's registry writes what it says of Avro in another way than the rest. */
function told({ type, path, description }: Difference, language: SchemaType): string {
  if (language !== "AVRO") return `{errorType:"${type}", description:"${description}"}`;
  return `{errorType:'${type}', description:'${description}', additionalInfo:'${path}'}`;
}
