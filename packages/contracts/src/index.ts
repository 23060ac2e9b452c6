export type { Comparison, Direction, Finding, Step } from "./changes/finding.ts";
export { type Rule, type RuleId, rules } from "./changes/rules.ts";
export { compareDocuments, compareWithLiving, describeComparison } from "./compare-documents.ts";
export type { ApiDocument, ContractDocument, EventDocument, OperationDocument } from "./document/contract-document.ts";
export { describeContract } from "./document/describe-contract.ts";
export { type UnstatedEnum, unstatedEnums } from "./document/unstated-enums.ts";
export { contractErrors } from "./errors.ts";
export { type EventConversion, eventConversion } from "./event-conversion.ts";
export { compareSchemas, type Inclusion } from "./inclusion/compare-schemas.ts";
export { type OperationConversion, operationConversion, type RefusedAt } from "./operation-conversion.ts";
export type { SchemaProblem } from "./schema/schema-problem.ts";
export {
  conform,
  type Validated,
  type Validator,
  type View,
  type Violation,
  validatorOf,
  violated,
} from "./validator.ts";
