export type { Comparison, Direction, Finding, Step } from "./changes/finding.ts";
export { type Rule, type RuleId, rules } from "./changes/rules.ts";
export { compareDocuments, compareWithLiving, describeComparison } from "./compare-documents.ts";
export { type ConfluentDifference, compareAsConfluent } from "./confluent/compare-as-confluent.ts";
export type { ConfluentDifferenceType, ConfluentPolicy } from "./confluent/difference-type.ts";
export { conversionFailed } from "./conversion.ts";
export type { ApiDocument, ContractDocument, EventDocument, OperationDocument } from "./document/contract-document.ts";
export { describeContract } from "./document/describe-contract.ts";
export { describeOpenApi } from "./document/describe-open-api.ts";
export { nameOperationsAs } from "./document/name-operations-as.ts";
export { type UnstatedEnum, unstatedEnums } from "./document/unstated-enums.ts";
export { type AsyncApiDocument, asyncApiOf } from "./documents/async-api.ts";
export { type ChangelogOptions, changelogOf } from "./documents/changelog.ts";
export { type CloudEvent, cloudEventOf, type LoggedEvent } from "./documents/cloud-event.ts";
export { type Components, collectComponents } from "./documents/components.ts";
export { contactOf } from "./documents/contact.ts";
export {
  type ContractSchema,
  jsonSchemasOf,
  read,
  type SchemaDraft,
  schemaId,
  schemaOf,
} from "./documents/json-schemas.ts";
export { type RegisteredSchema, registeredSchemasOf } from "./documents/registered-schemas.ts";
export { stableJson } from "./documents/stable-json.ts";
export { contractErrors } from "./errors.ts";
export { type EventConversion, eventConversion } from "./event-conversion.ts";
export { canonicalJson } from "./frozen/canonical-json.ts";
export { checkVersions, nextVersion, type PublishedVersions } from "./frozen/check-versions.ts";
export { documentProblems, frozenPath, frozenText, isSameDocument, readFrozen } from "./frozen/frozen-document.ts";
export { type VersionFinding, type VersionRule, versionRules } from "./frozen/version-finding.ts";
export { compareSchemas, type Inclusion } from "./inclusion/compare-schemas.ts";
export { compareViews } from "./inclusion/compare-views.ts";
export { type Narrow, narrowTo } from "./narrow.ts";
export { type OperationConversion, operationConversion, type RefusedAt } from "./operation-conversion.ts";
export { bundleSchema, type SchemaWithReferences } from "./schema/bundle-schema.ts";
export type { SchemaProblem } from "./schema/schema-problem.ts";
export { closed } from "./schema/view.ts";
export {
  conform,
  type Validated,
  type Validator,
  type View,
  type Violation,
  validatorOf,
  violated,
} from "./validator.ts";
