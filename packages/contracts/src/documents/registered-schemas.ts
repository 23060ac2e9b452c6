import { type Contract, type JsonSchema, majorOf, sortedVersions, type Version } from "@polder/model";
import { describeContract } from "../document/describe-contract.ts";
import { mapSubschemas } from "../schema/subschemas.ts";
import { closed } from "../schema/view.ts";
import { asDraft07 } from "./draft-07.ts";

/** One part of one version of a contract, as a registry of schemas keeps it. */
export interface RegisteredSchema {
  /** The same for all versions of a major: `payment.PaymentConfirmed.v1-value`, `order.place.v1-input`. */
  readonly subject: string;
  readonly contract: string;
  readonly version: Version;
  /** `value` of an event; `input`, `output` or the name of a refusal of an operation. */
  readonly part: string;
  /** Whom a new version may not break: those who have written before, those who read still, or both. */
  readonly compatibility: "BACKWARD_TRANSITIVE" | "FORWARD_TRANSITIVE" | "FULL_TRANSITIVE";
  readonly schema: JsonSchema;
}

/**
 * What of a contract goes to a registry of schemas, from the oldest version on: a subject for each event and major, and
 * for each part of an operation and major. Schemas are closed, in draft-07 and without keywords of vendors: the clients
 * of Confluent's registry refuse others, and its rules then let fields be added.
 */
export function registeredSchemasOf(contract: Contract): readonly RegisteredSchema[] {
  return sortedVersions(contract.versions).flatMap((version) => {
    const document = describeContract(contract, version);
    const major = majorOf(version);
    const registered = (
      name: string,
      part: string,
      compatibility: RegisteredSchema["compatibility"],
      schema: JsonSchema,
    ): RegisteredSchema => {
      const subject = `${name}.v${major}-${part}`;
      return { subject, contract: contract.name, version, part, compatibility, schema: plainDraft07(schema, name) };
    };
    if (document.kind === "event") return [registered(document.name, "value", "FULL_TRANSITIVE", document.schema)];
    return Object.entries(document.operations).flatMap(([operation, { input, output, refusals }]) => {
      const name = `${document.name}.${operation}`;
      return [
        registered(name, "input", "BACKWARD_TRANSITIVE", input),
        registered(name, "output", "FORWARD_TRANSITIVE", output),
        ...Object.entries(refusals).map(([refusal, details]) =>
          registered(name, refusal, "FORWARD_TRANSITIVE", details),
        ),
      ];
    });
  });
}

function plainDraft07(schema: JsonSchema, title: string): JsonSchema {
  return { $schema: "http://json-schema.org/draft-07/schema#", title, ...asDraft07(withoutVendors(closed(schema))) };
}

function withoutVendors(schema: JsonSchema): JsonSchema {
  const entries = Object.entries(mapSubschemas(schema, withoutVendors));
  return Object.fromEntries(entries.filter(([keyword]) => !keyword.startsWith("x-")));
}
