import type { ProtobufModel } from "./protobuf-format.ts";
import type { Difference, SchemaComparer } from "./schema-format.ts";

/** A field as `protobufjs` writes it as JSON. */
interface Field {
  readonly type: string;
  readonly id: number;
  readonly rule?: string;
  readonly keyType?: string;
}

/** A message, an enum, or a package with what is in it. */
interface Declared {
  readonly fields?: Readonly<Record<string, Field>>;
  readonly values?: Readonly<Record<string, number>>;
  readonly nested?: Readonly<Record<string, Declared>>;
  readonly oneofs?: Readonly<Record<string, { readonly oneof: readonly string[] }>>;
}

/** Scalars that are on the wire what the others of their group are, and read as one another. */
const groups = [
  ["int32", "uint32", "int64", "uint64", "bool"],
  ["sint32", "sint64"],
  ["string", "bytes"],
  ["fixed32", "sfixed32"],
  ["fixed64", "sfixed64"],
  ["float"],
  ["double"],
];

/**
 * Compares Protobuf schemas by what is on the wire, with the names of Confluent Schema Registry: messages must stay,
 * fields keep the kind that goes with their number, and required fields neither come nor go. Fields may be added,
 * removed and renamed; so may the values of enums, and packages. Services and options are passed over.
 */
export const protobufComparer: SchemaComparer<ProtobufModel> = {
  differences: ({ reader, writer }) => {
    const [before, after] = [messagesOf(writer), messagesOf(reader)];
    return [...before].flatMap(([name, message]) => {
      const path = `#/${name.replaceAll(".", "/")}`;
      const now = after.get(name);
      if (now === undefined) return [difference("MESSAGE_REMOVED", path, "is not there any more")];
      return messageDifferences(path, message, now);
    });
  },
};

function messageDifferences(path: string, before: Declared, after: Declared): readonly Difference[] {
  const [old, now] = [byNumber(before), byNumber(after)];
  const kept = [...old].flatMap(([id, field]) => {
    const place = `${path}/${id}`;
    const found = now.get(id);
    if (found !== undefined) return fieldDifferences(place, field, found);
    const isRequired = field.rule === "required";
    return isRequired ? [difference("REQUIRED_FIELD_REMOVED", place, "was required, and is not there any more")] : [];
  });
  const added = [...now]
    .filter(([id, { rule }]) => rule === "required" && !old.has(id))
    .map(([id]) => difference("REQUIRED_FIELD_ADDED", `${path}/${id}`, "is required, and was not there"));
  return [...kept, ...added, ...oneofDifferences(path, before, after)];
}

function fieldDifferences(path: string, before: Field, after: Field): readonly Difference[] {
  const [old, now] = [kindOf(before), kindOf(after)];
  const isSame = isOneName(old, now) && before.keyType === after.keyType;
  const [isOldScalar, isNowScalar] = [isScalar(before), isScalar(after)];
  const labels = (before.rule === "repeated") === (after.rule === "repeated");
  const said = `${before.type} has become ${after.type}`;
  return [
    ...(isSame || isOldScalar || isNowScalar ? [] : [difference("FIELD_NAMED_TYPE_CHANGED", path, said)]),
    ...(isSame || !isOldScalar || !isNowScalar ? [] : [difference("FIELD_SCALAR_KIND_CHANGED", path, said)]),
    ...(isOldScalar === isNowScalar ? [] : [difference("FIELD_KIND_CHANGED", path, said)]),
    // A text, or a message, is read from a list of them; a number is not, since lists of numbers are packed.
    ...(labels || !isPacked(before)
      ? []
      : [difference("FIELD_NUMERIC_LABEL_CHANGED", path, "is repeated in one, and not in the other")]),
  ];
}

function oneofDifferences(path: string, before: Declared, after: Declared): readonly Difference[] {
  const [old, now] = [oneofsOf(before), oneofsOf(after)];
  const numbers = (declared: Declared, names: readonly string[]): readonly number[] =>
    names.flatMap((name) => declared.fields?.[name]?.id ?? []);
  const left = new Set(byNumber(after).keys());
  const removed = Object.entries(old).flatMap(([name, { oneof }]) => {
    const gone = numbers(before, oneof).filter((id) => !left.has(id));
    return gone.map((id) => difference("ONEOF_FIELD_REMOVED", `${path}/${name}/${id}`, "is not there any more"));
  });
  const loose = new Set(byNumber(before).keys());
  for (const { oneof } of Object.values(old)) for (const id of numbers(before, oneof)) loose.delete(id);
  const moved = Object.entries(now)
    .filter(([, { oneof }]) => numbers(after, oneof).filter((id) => loose.has(id)).length > 1)
    .map(([name]) =>
      difference("MULTIPLE_FIELDS_MOVED_TO_ONEOF", `${path}/${name}`, "holds several fields that could all be there"),
    );
  return [...removed, ...moved];
}

/** All messages, by their names without the package. */
function messagesOf({ package: name, types }: ProtobufModel): ReadonlyMap<string, Declared> {
  const found = new Map<string, Declared>();
  const visit = (declared: Declared, path: string): void => {
    if (declared.fields !== undefined) found.set(path, declared);
    for (const [inner, part] of Object.entries(declared.nested ?? {}))
      visit(part, path === "" ? inner : `${path}.${inner}`);
  };
  visit(types as Declared, "");
  const prefix = name === "" ? "" : `${name}.`;
  return new Map(
    [...found].map(([path, message]) => [path.startsWith(prefix) ? path.slice(prefix.length) : path, message]),
  );
}

/** Without those by which proto3 knows whether a single field is there. */
function oneofsOf({ oneofs = {} }: Declared): Readonly<Record<string, { readonly oneof: readonly string[] }>> {
  return Object.fromEntries(
    Object.entries(oneofs).filter(([name, { oneof }]) => oneof.length > 1 || name !== `_${oneof[0]}`),
  );
}

function byNumber({ fields = {} }: Declared): ReadonlyMap<number, Field> {
  return new Map(Object.values(fields).map((field) => [field.id, field]));
}

/** Fields of one kind read each other. */
function kindOf({ type }: Field): string {
  return groups.find((names) => names.includes(type))?.[0] ?? type;
}

/** A type may be named with its package, or within it. */
function isOneName(a: string, b: string): boolean {
  return a === b || a.endsWith(`.${b}`) || b.endsWith(`.${a}`);
}

function isScalar({ type, keyType }: Field): boolean {
  return keyType === undefined && groups.some((names) => names.includes(type));
}

function isPacked(field: Field): boolean {
  return isScalar(field) && field.type !== "string" && field.type !== "bytes";
}

function difference(type: string, path: string, what: string): Difference {
  return { type, path, description: `'${path}' ${what}` };
}
