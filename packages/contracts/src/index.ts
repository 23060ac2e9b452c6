export { contractErrors } from "./errors.ts";
export {
  conform,
  type Validated,
  type Validator,
  type View,
  type Violation,
  validatorOf,
  violated,
} from "./validator.ts";
