export { contractErrors } from "./errors.ts";
export { type EventConversion, eventConversion } from "./event-conversion.ts";
export { type OperationConversion, operationConversion, type RefusedAt } from "./operation-conversion.ts";
export {
  conform,
  type Validated,
  type Validator,
  type View,
  type Violation,
  validatorOf,
  violated,
} from "./validator.ts";
