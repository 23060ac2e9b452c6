import { createRequire } from "node:module";
import type protobuf from "protobufjs";
import { schemaInvalid } from "../refusal.ts";
import { protobufComparer } from "./protobuf-comparer.ts";
import type { SchemaFormat, SchemaSource } from "./schema-format.ts";
import { SCHEMA_DEPTH_MAX } from "./schema-format.ts";

/** The names of a Protobuf schema and what they stand for, as plain data. */
export interface ProtobufModel {
  readonly package: string;
  readonly types: unknown;
}

/** Protobuf, read by `protobufjs`, and compared by what is on the wire. */
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

let library: typeof protobuf | undefined;

/** Loaded with the first schema: most processes never see one. */
function loaded(): typeof protobuf {
  library ??= createRequire(import.meta.url)("protobufjs") as typeof protobuf;
  return library;
}

function parseProtobuf({ text, references }: SchemaSource): ProtobufModel {
  refuseDepth(text);
  const { parse, Root } = loaded();
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(text, new Root(), { keepCase: true });
  } catch (cause) {
    const problem = (cause instanceof Error ? cause.message : String(cause)).slice(0, 500);
    throw schemaInvalid("the Protobuf schema", [{ pointer: "", problem }], cause);
  }
  const known = references.map(({ name }) => name);
  const strange = (parsed.imports ?? []).filter((name) => !known.includes(name) && !bundled.test(name));
  if (strange.length > 0) {
    throw schemaInvalid(
      "the Protobuf schema",
      strange.map((name) => ({
        pointer: "",
        problem: `imports "${name}", which is not among its references; register that schema and name it there`,
      })),
    );
  }
  return { package: parsed.package ?? "", types: parsed.root.toJSON() };
}

/** Deep nesting would exhaust the stack of the parser. */
function refuseDepth(text: string): void {
  let depth = 0;
  for (const sign of text.replaceAll(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\/\/[^\n]*/g, "")) {
    if ("{[(<".includes(sign)) depth += 1;
    else if ("}])>".includes(sign)) depth -= 1;
    if (depth <= SCHEMA_DEPTH_MAX) continue;
    const problem = `has more than ${SCHEMA_DEPTH_MAX} levels inside each other`;
    throw schemaInvalid("the Protobuf schema", [{ pointer: "", problem }]);
  }
}
