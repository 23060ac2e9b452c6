import type { JsonSchema } from "@polder/model";
import { isObject } from "../schema/subschemas.ts";
import { closed, filled, opened } from "../schema/view.ts";
import { compareSchemas, type Inclusion } from "./compare-schemas.ts";

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
  if (isRequest) return compareSchemas({ writer: seen(writer, closed), reader: seen(reader, closed) });
  return compareSchemas({ writer: seen(writer, (schema) => closed(filled(schema))), reader: seen(reader, opened) });
}

function seen(schema: unknown, view: (schema: JsonSchema) => JsonSchema): unknown {
  return isObject(schema) ? view(schema) : schema;
}
