import { serializedProtobuf } from "../schema/protobuf-descriptor.ts";
import type { RegistryConfig } from "../settings.ts";
import type { StoredSchema, StoredVersion } from "../storage/stored-schema.ts";
import { nameOfSubject } from "../subject.ts";

/** The form in which somebody wants a schema: Protobuf `serialized` is Base64 of a file descriptor. */
export type SchemaForm = string | undefined;

/** A schema as clients get it by its id. */
export function schemaAnswer(stored: StoredSchema, form?: SchemaForm): object {
  const { type, references, metadata, ruleSet } = stored;
  return {
    // Clients take a schema without a type for Avro, and expect it so.
    ...(type === "AVRO" ? {} : { schemaType: type }),
    schema: textIn(stored, form),
    ...(references.length === 0 ? {} : { references }),
    ...(metadata === null ? {} : { metadata }),
    ...(ruleSet === null ? {} : { ruleSet }),
  };
}

/** The text of a schema in a form. */
export function textIn({ type, text }: StoredSchema, form: SchemaForm): string {
  return type === "PROTOBUF" && form === "serialized" ? serializedProtobuf(text) : text;
}

/** A version of a subject as clients get it. */
export function versionAnswer(stored: StoredVersion, form?: SchemaForm): object {
  const { subject, version, id, guid, isDeleted } = stored;
  return {
    subject: nameOfSubject(subject),
    version,
    id,
    guid,
    ...schemaAnswer(stored, form),
    ...(isDeleted ? { deleted: true } : {}),
  };
}

/** What clients get when they have registered a schema: all of the version but its subject, which they have named. */
export function registeredAnswer(stored: StoredVersion): object {
  const { version, id, guid } = stored;
  return { id, version, guid, ...schemaAnswer(stored) };
}

/** Settings as they are given back when somebody has set them: there the level is called otherwise. */
export function configUpdateAnswer({ compatibilityLevel, ...others }: RegistryConfig): object {
  return { ...(compatibilityLevel === undefined ? {} : { compatibility: compatibilityLevel }), ...others };
}
