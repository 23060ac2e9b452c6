import { isPolderError } from "@polder/model";
import { schemaInvalid } from "../refusal.ts";
import { protobufComparer } from "./protobuf-comparer.ts";
import { readDescriptor, typesOf } from "./protobuf-descriptor.ts";
import { protobufLibrary } from "./protobuf-library.ts";
import type { SchemaFormat, SchemaSource } from "./schema-format.ts";
import { SCHEMA_DEPTH_MAX } from "./schema-format.ts";

/** The names of a Protobuf schema and what they stand for, as plain data. */
export interface ProtobufModel {
  readonly package: string;
  readonly types: unknown;
}

/** Protobuf, as source text or as Base64 of a file descriptor, read by `protobufjs`, and compared by what is on the wire. */
export function protobufFormat(): SchemaFormat<ProtobufModel> {
  return {
    type: "PROTOBUF",
    parse: parseProtobuf,
    compact: (text) => text.trim(),
    normalize: (text) => text.trim().replaceAll(/\r\n?/g, "\n"),
    comparer: protobufComparer,
  };
}

/** Types that come with every Protobuf. */
const bundled = /^(?:google\/(?:protobuf|type)|confluent)\//;

function parseProtobuf({ text, references }: SchemaSource): ProtobufModel {
  const { imports, ...model } = readProtobuf(text);
  const known = references.map(({ name }) => name);
  const strange = imports.filter((name) => !known.includes(name) && !bundled.test(name));
  if (strange.length > 0) {
    throw schemaInvalid(
      "the Protobuf schema",
      strange.map((name) => ({
        pointer: "",
        problem: `imports "${name}", which is not among its references; register that schema and name it there`,
      })),
    );
  }
  return model;
}

function readProtobuf(text: string): ProtobufModel & { readonly imports: readonly string[] } {
  try {
    const file = readDescriptor(text);
    // Its names are without the package already.
    if (file !== undefined) return { package: "", imports: file.dependency ?? [], types: typesOf(file) };
    refuseCost(text);
    const { parse, Root } = protobufLibrary();
    const { root, imports, package: name = "" } = parse(text, new Root(), { keepCase: true });
    return { package: name, imports: imports ?? [], types: root.toJSON() };
  } catch (cause) {
    if (isPolderError(cause)) throw cause;
    const problem = (cause instanceof Error ? cause.message : String(cause)).slice(0, 500);
    throw schemaInvalid("the Protobuf schema", [{ pointer: "", problem }], cause);
  }
}

/** What the parser would take too long for, or exhaust the stack with. */
function refuseCost(text: string): void {
  const plain = text.replaceAll(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\/\/[^\n]*/g, "");
  const refused = (problem: string): Error => schemaInvalid("the Protobuf schema", [{ pointer: "", problem }]);
  const blocks: { readonly opener: string; fields: number }[] = [];
  let cost = 0;
  for (const { index, 0: sign } of plain.matchAll(/[{}[\]()<>;]/g)) {
    const inner = blocks.at(-1);
    if (sign === ";" && inner !== undefined) inner.fields += 1;
    else if ("{[(<".includes(sign)) blocks.push({ opener: openerOf(plain, index), fields: 0 });
    else if (sign !== ";" && inner !== undefined) {
      blocks.pop();
      const around = blocks.at(-1);
      // The fields of a choice are fields of the message around it.
      if (inner.opener === "oneof" && around !== undefined) around.fields += inner.fields;
      else if (inner.opener !== "enum") cost += inner.fields ** 2;
    }
    if (blocks.length > SCHEMA_DEPTH_MAX) throw refused(`has more than ${SCHEMA_DEPTH_MAX} levels inside each other`);
    if (cost > FIELDS_COST_MAX)
      throw refused(
        "has messages with more fields than can be read in time; put some of them into messages of their own",
      );
  }
}

/** The sum of the squares of the numbers of fields: for each field, the parser looks at all others of its message. */
const FIELDS_COST_MAX = 10_000_000;

/** The word by which a block begins, as far as it matters. */
function openerOf(text: string, index: number): string {
  return /\b(oneof|enum)\s+\w+\s*$/.exec(text.slice(Math.max(0, index - 100), index))?.[1] ?? "";
}
