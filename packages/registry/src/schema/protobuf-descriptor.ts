import { protobufDescriptors, protobufLibrary } from "./protobuf-library.ts";

/** A file of Protobuf as compilers write it: `google.protobuf.FileDescriptorProto`, as far as it is looked at here. */
export interface FileDescriptor extends Pick<MessageDescriptor, "enumType"> {
  readonly dependency?: readonly string[];
  readonly messageType?: readonly MessageDescriptor[];
}

interface MessageDescriptor {
  readonly name: string;
  readonly field?: readonly FieldDescriptor[];
  readonly nestedType?: readonly MessageDescriptor[];
  readonly enumType?: readonly { readonly name: string; readonly value?: readonly EnumValue[] }[];
  readonly oneofDecl?: readonly { readonly name: string }[];
  readonly options?: { readonly mapEntry?: boolean } | null;
}

interface EnumValue {
  readonly name: string;
  readonly number: number;
}

interface FieldDescriptor {
  readonly name: string;
  readonly number: number;
  readonly label?: number;
  readonly type?: number;
  readonly typeName?: string;
  readonly oneofIndex?: number;
}

/** The types of a file as `protobufjs` writes them as JSON. */
export interface DeclaredTypes {
  readonly nested: Readonly<Record<string, object>>;
}

const base64 = /^[A-Za-z0-9+/]{8,}={0,2}$/;

/**
 * A file that is handed in as Base64, as Confluent's clients send what their compilers have written. Nothing for what is
 * no Base64: that is source text.
 *
 * @throws an error of `protobufjs` for what is Base64 of something else.
 */
export function readDescriptor(text: string): FileDescriptor | undefined {
  const plain = text.replaceAll(/\s/g, "");
  if (plain.length % 4 !== 0 || !base64.test(plain)) return undefined;
  const { FileDescriptorProto } = protobufDescriptors();
  const file = FileDescriptorProto.decode(Buffer.from(plain, "base64"));
  return FileDescriptorProto.toObject(file, { defaults: false }) as FileDescriptor;
}

/** The types of a file. What other files declare is named, and not looked for. */
export function typesOf({ messageType = [], enumType = [] }: FileDescriptor): DeclaredTypes {
  return { nested: Object.fromEntries([...messageType.map(declaredMessage), ...enumType.map(declaredEnum)]) };
}

/**
 * A schema as Base64 of the file that a compiler would write, for clients that ask for it so (`format=serialized`). Source
 * text that needs other files, or names types that it does not have, stays as it is.
 */
export function serializedProtobuf(text: string): string {
  if (isDescriptor(text)) return text;
  const { parse, Root } = protobufLibrary();
  const { FileDescriptorProto, filesOf } = protobufDescriptors();
  const { root, imports } = parse(text, new Root(), { keepCase: true });
  if ((imports ?? []).length > 0) return text;
  const syntax = /^\s*syntax\s*=\s*["']proto3/m.test(text) ? "proto3" : "proto2";
  try {
    const only = filesOf(root, syntax).find(declaresTypes);
    return only === undefined ? text : Buffer.from(FileDescriptorProto.encode(only).finish()).toString("base64");
  } catch {
    return text;
  }
}

function declaresTypes({ messageType = [], enumType = [] }: FileDescriptor): boolean {
  return messageType.length + enumType.length > 0;
}

function isDescriptor(text: string): boolean {
  try {
    return readDescriptor(text) !== undefined;
  } catch {
    return false;
  }
}

function declaredMessage(message: MessageDescriptor): [string, object] {
  const { name, field = [], nestedType = [], enumType = [], oneofDecl = [] } = message;
  const entries = new Map(
    nestedType.filter(({ options }) => options?.mapEntry === true).map((entry) => [entry.name, entry]),
  );
  const inner = nestedType.filter((nested) => !entries.has(nested.name));
  const members = Map.groupBy(field, ({ oneofIndex }) => oneofIndex);
  const declared = {
    fields: Object.fromEntries(field.map((one) => [one.name, declaredField(one, entries)])),
    oneofs: Object.fromEntries(
      oneofDecl.map((oneof, index) => [oneof.name, { oneof: (members.get(index) ?? []).map((one) => one.name) }]),
    ),
    nested: Object.fromEntries([...inner.map(declaredMessage), ...enumType.map(declaredEnum)]),
  };
  return [name, declared];
}

function declaredEnum({ name, value = [] }: NonNullable<MessageDescriptor["enumType"]>[number]): [string, object] {
  return [name, { values: Object.fromEntries(value.map((one) => [one.name, one.number])) }];
}

/** A map is written as a list of entries, a message of its own. */
function declaredField(field: FieldDescriptor, entries: ReadonlyMap<string, MessageDescriptor>): object {
  const { number: id, label, typeName = "" } = field;
  const [key, value] = entries.get(typeName.slice(typeName.lastIndexOf(".") + 1))?.field ?? [];
  if (key !== undefined && value !== undefined) return { id, keyType: typeIn(key), type: typeIn(value) };
  return { id, type: typeIn(field), ...(label === 3 ? { rule: "repeated" } : label === 2 ? { rule: "required" } : {}) };
}

/** By the numbers of `FieldDescriptorProto.Type`, from 1; messages, groups and enums go by their names. */
const scalars = `double float int64 uint64 int32 fixed64 fixed32 bool string group message bytes uint32 enum sfixed32
  sfixed64 sint32 sint64`.split(/\s+/);

function typeIn({ type = 0, typeName = "" }: FieldDescriptor): string {
  return typeName === "" ? (scalars[type - 1] ?? "unknown") : typeName;
}
