import type { JsonSchema } from "@polder/model";
import { measureSchema } from "../schema/measure-schema.ts";
import { readMeasured } from "../schema/read-schema.ts";
import type { NodeId } from "../schema/schema-node.ts";
import { unsupported } from "../schema/schema-problem.ts";
import { openSchemaStore } from "../schema/schema-store.ts";
import { isObject } from "../schema/subschemas.ts";
import { openViews } from "../schema/view.ts";
import { type Inclusion, isIncluded } from "./compare-schemas.ts";

/**
 * Whether whoever reads a contract's schema accepts everything that others write by it. Requests are read strictly: a
 * field that is not named is refused. Answers and events are written with their defaults and without further fields,
 * and read by those who pass over what they do not know.
 *
 * @throws `SCHEMA_UNSUPPORTED` as `compareSchemas` does.
 */
export function compareViews({
  writer,
  reader,
  isRequest,
}: {
  readonly writer: unknown;
  readonly reader: unknown;
  readonly isRequest: boolean;
}): Inclusion {
  const store = openSchemaStore();
  const { closed, opened, filled } = openViews();
  const seen = (schema: unknown, what: string, view: (schema: JsonSchema) => JsonSchema): NodeId => {
    const tooLarge = measureSchema(schema);
    if (tooLarge !== undefined) throw unsupported(what, [tooLarge]);
    return readMeasured(store, isObject(schema) ? view(schema) : schema, what).root;
  };
  const written = seen(writer, "The writer's schema", isRequest ? closed : (schema) => closed(filled(schema)));
  return isIncluded(store, written, seen(reader, "The reader's schema", isRequest ? closed : opened));
}
