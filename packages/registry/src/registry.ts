import type { Database } from "@polder/postgres";
import { type Deleting, openDeleting } from "./deleting.ts";
import { type Finding, openFinding } from "./finding.ts";
import { openRegistering, type Registering } from "./registering.ts";
import type { RegistryParts } from "./registry-parts.ts";
import { avroFormat } from "./schema/avro-format.ts";
import { jsonComparer } from "./schema/json-comparer.ts";
import { type JsonSchemaModel, jsonSchemaFormat } from "./schema/json-schema-format.ts";
import { protobufFormat } from "./schema/protobuf-format.ts";
import type { SchemaComparer, SchemaFormat } from "./schema/schema-format.ts";
import { openSetting, type Setting } from "./setting.ts";

/** What {@link openRegistry} needs. */
export interface RegistryOptions {
  /** A database that was provisioned, as the registry's own role. It stays the caller's to close. */
  readonly database: Database;
  /** Compares JSON Schemas. Default: as Confluent does, and those of contracts by what they mean. */
  readonly jsonComparer?: SchemaComparer<JsonSchemaModel>;
  /**
   * The number that clients are told when a schema is not compatible: 409, as released versions of Confluent Schema
   * Registry say it, or 40901. Default 409.
   */
  readonly incompatibleCode?: 409 | 40901;
}

/** Contracts as a service: the history of every schema, by subject and version. */
export interface Registry extends Registering, Finding, Deleting, Setting {}

/** Opens the registry that is kept in a database. Nothing is read before somebody asks. */
export function openRegistry(options: RegistryOptions): Registry {
  const { database, incompatibleCode = 409 } = options;
  const formats: RegistryParts["formats"] = {
    JSON: ofAnyModel(jsonSchemaFormat(options.jsonComparer ?? jsonComparer)),
    AVRO: ofAnyModel(avroFormat()),
    PROTOBUF: ofAnyModel(protobufFormat()),
  };
  const parts: RegistryParts = { database, formats, incompatibleCode };
  return { ...openRegistering(parts), ...openFinding(parts), ...openDeleting(parts), ...openSetting(parts) };
}

/** A format is given only what it has read itself, so that others need not know what that is. */
function ofAnyModel<Model>(format: SchemaFormat<Model>): SchemaFormat {
  return format as unknown as SchemaFormat;
}
