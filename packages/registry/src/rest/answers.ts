import type { RegistryConfig } from "../settings.ts";
import type { StoredSchema, StoredVersion } from "../storage/stored-schema.ts";
import { nameOfSubject } from "../subject.ts";

/** A schema as clients get it by its id. */
export function schemaAnswer({ type, text, references, metadata, ruleSet }: StoredSchema): object {
  return {
    // Clients take a schema without a type for Avro, and expect it so.
    ...(type === "AVRO" ? {} : { schemaType: type }),
    schema: text,
    ...(references.length === 0 ? {} : { references }),
    ...(metadata === null ? {} : { metadata }),
    ...(ruleSet === null ? {} : { ruleSet }),
  };
}

/** A version of a subject as clients get it. */
export function versionAnswer(stored: StoredVersion): object {
  const { subject, version, id, guid, isDeleted } = stored;
  return {
    subject: nameOfSubject(subject),
    version,
    id,
    guid,
    ...schemaAnswer(stored),
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
