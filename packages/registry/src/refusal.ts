import type { Violation } from "@polder/contracts";
import type { PolderError } from "@polder/model";
import { registryErrors } from "./errors.ts";

/** How many violations a message lists before it only counts the rest. */
const LISTED_MAX = 20;

/** A refusal with the number and the words that clients of Confluent Schema Registry know. */
function refused(errorCode: number, message: string): PolderError {
  return registryErrors.REGISTRY_REFUSED(message, { errorCode });
}

/** What the registry refuses, each with the number by which clients tell it apart. */
export const refusal = {
  subjectUnknown: (subject: string): PolderError => refused(40401, `Subject '${subject}' not found.`),
  versionUnknown: (version: number | "latest"): PolderError =>
    refused(40402, `Version ${version === "latest" ? -1 : version} not found.`),
  schemaUnknown: (id?: number | string): PolderError =>
    refused(40403, id === undefined ? "Schema not found" : `Schema ${id} not found`),
  subjectDeleted: (subject: string): PolderError =>
    refused(40404, `Subject '${subject}' was soft deleted. Set permanent=true to delete permanently`),
  subjectNotDeleted: (subject: string): PolderError =>
    refused(40405, `Subject '${subject}' was not deleted first before being permanently deleted`),
  versionDeleted: (subject: string, version: number): PolderError =>
    refused(
      40406,
      `Subject '${subject}' Version ${version} was soft deleted. Set permanent=true to delete permanently`,
    ),
  versionNotDeleted: (subject: string, version: number): PolderError =>
    refused(40407, `Subject '${subject}' Version ${version} was not deleted first before being permanently deleted`),
  compatibilityUnset: (subject: string): PolderError =>
    refused(40408, `Subject '${subject}' does not have subject-level compatibility configured`),
  modeUnset: (subject: string): PolderError =>
    refused(40409, `Subject '${subject}' does not have subject-level mode configured`),
  versionInvalid: (version: string): PolderError =>
    refused(
      42202,
      `The specified version '${version}' is not a valid version id. Allowed values are between [1, 2^31-1] and the string "latest"`,
    ),
  levelInvalid: (): PolderError =>
    refused(
      42203,
      "Invalid compatibility level. Valid values are none, backward, forward, full, backward_transitive, forward_transitive, and full_transitive",
    ),
  modeInvalid: (): PolderError =>
    refused(42204, "Invalid mode. Valid values are READWRITE, READONLY, READONLY_OVERRIDE, IMPORT, and FORWARD"),
  notPermitted: (why: string): PolderError => refused(42205, why),
  referenced: (subject: string, version: number): PolderError =>
    refused(42206, `One or more references exist to the schema {subject=${subject},version=${version}}.`),
  subjectInvalid: (subject: string): PolderError =>
    refused(42208, `The specified subject '${subject}' is not a valid subject`),
  tooLarge: (bytesMax: number, what: string): PolderError =>
    refused(42209, `${what} is larger than ${bytesMax} bytes. Nothing was stored; split the schema by references.`),
  ruleSetInvalid: (why: string): PolderError => refused(42210, `Invalid rule set: ${why}`),
  contextNotEmpty: (context: string): PolderError => refused(42211, `The specified context '${context}' is not empty.`),
  unprocessable: (why: string): PolderError => refused(422, why),
  broken: (why: string): PolderError => refused(400, why),
  notFound: (): PolderError => refused(404, "HTTP 404 Not Found"),
} as const;

/** The error of a schema that cannot be taken, with all its places. */
export function schemaInvalid(what: string, violations: readonly Violation[], cause?: unknown): PolderError {
  const listed = violations
    .slice(0, LISTED_MAX)
    .map(({ pointer, problem }) => `${pointer === "" ? "the whole" : pointer}: ${problem}`);
  if (violations.length > LISTED_MAX) listed.push(`and ${violations.length - LISTED_MAX} more`);
  return registryErrors.REGISTRY_SCHEMA_INVALID(
    `Invalid schema: ${what} cannot be taken, and nothing was stored; mend ${listed.join("; ")}`,
    { errorCode: 42201, violations },
    cause === undefined ? {} : { cause },
  );
}
