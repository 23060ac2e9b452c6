import { type AnySchema, type Contract, isVersion, type JsonSchema, jsonSchemaOf, type Operation } from "@polder/model";
import { contractErrors } from "../errors.ts";
import { mapSubschemas } from "../schema/subschemas.ts";
import { withoutFormatPattern } from "../schema/view.ts";
import type { ContractDocument, OperationDocument } from "./contract-document.ts";

/**
 * One version of a declared contract as plain JSON, schemas in draft 2020-12. What a schema library writes for reasons
 * of its own is left out, so that a new release of the library is no change of the contract: the pattern beside a
 * `format`, the bounds of safe integers, `$schema`.
 *
 * @throws `DOCUMENT_VERSION_UNKNOWN` when the contract does not have the version.
 */
export function describeContract(contract: Contract, version: string = contract.newest): ContractDocument {
  if (!isVersion(version) || !Object.hasOwn(contract.versions, version)) throw unknownVersion(contract, version);
  if (contract.kind === "event") {
    const schema = plainSchema(contract.versions[version] as AnySchema);
    return { kind: "event", name: contract.name, version, key: contract.key, schema };
  }
  const operations = Object.entries(contract.versions[version] ?? {});
  return {
    kind: "api",
    name: contract.name,
    version,
    operations: Object.fromEntries(operations.map(([name, operation]) => [name, describeOperation(operation)])),
  };
}

function describeOperation(operation: Operation): OperationDocument {
  const { kind, method, path, input, output, refusals, access, batch, pages } = operation;
  const details = Object.entries(refusals).map(([name, schema]) => [name, plainSchema(schema)]);
  return {
    kind,
    method,
    path,
    ...(access === undefined ? {} : { access }),
    ...(batch === undefined ? {} : { batch }),
    ...(pages === undefined ? {} : { pages }),
    input: plainSchema(input),
    output: plainSchema(output),
    refusals: Object.fromEntries(details),
  };
}

function plainSchema(schema: AnySchema): JsonSchema {
  const { $schema: _, ...rest } = plain(jsonSchemaOf(schema, "input"));
  return rest;
}

function plain(schema: JsonSchema): JsonSchema {
  const entries = Object.entries(mapSubschemas(withoutFormatPattern(schema), plain));
  return Object.fromEntries(entries.filter(([keyword, value]) => !isSafeBound(schema, keyword, value)));
}

function isSafeBound({ type }: JsonSchema, keyword: string, value: unknown): boolean {
  if (type !== "integer") return false;
  return (
    (keyword === "minimum" && value === Number.MIN_SAFE_INTEGER) ||
    (keyword === "maximum" && value === Number.MAX_SAFE_INTEGER)
  );
}

function unknownVersion({ kind, name, versions }: Contract, version: string): Error {
  const known = Object.keys(versions);
  return contractErrors.DOCUMENT_VERSION_UNKNOWN(
    `The ${kind} "${name}" has no version ${version}; it has ${known.join(", ")}. Ask for one of them.`,
    { contract: name, version, known },
  );
}
