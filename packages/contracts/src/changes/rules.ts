import type { Direction, Step } from "./finding.ts";

/** The name of a rule. */
export type RuleId =
  | "property-added-optional"
  | "property-added-with-default"
  | "property-added-required"
  | "property-removed-optional"
  | "property-removed-deprecated"
  | "property-removed-required"
  | "property-became-optional"
  | "property-became-required"
  | "property-gained-default"
  | "property-lost-default"
  | "default-changed"
  | "type-widened"
  | "type-narrowed"
  | "type-changed"
  | "null-allowed"
  | "null-refused"
  | "bound-widened"
  | "bound-narrowed"
  | "bound-changed"
  | "format-widened"
  | "format-narrowed"
  | "format-changed"
  | "enum-value-added"
  | "enum-value-removed"
  | "open-enum-value-added"
  | "open-enum-value-removed"
  | "union-variant-added"
  | "union-variant-removed"
  | "open-union-variant-added"
  | "rule-widened"
  | "rule-narrowed"
  | "rule-changed"
  | "unknown-fields-allowed"
  | "unknown-fields-refused"
  | "content-changed"
  | "rewritten"
  | "annotation-changed"
  | "incompatible"
  | "undecided"
  | "operation-added"
  | "operation-removed"
  | "operation-kind-changed"
  | "method-changed"
  | "path-changed"
  | "access-opened"
  | "access-narrowed"
  | "refusal-added"
  | "refusal-removed"
  | "batch-added"
  | "batch-removed"
  | "batch-changed"
  | "pages-added"
  | "pages-removed"
  | "pages-changed"
  | "key-changed";

/** What a change does to the set of values. */
export type Effect = "widened" | "narrowed" | "changed" | "same" | "undecided";

/** What a schema is of, and so which ways its values travel. */
export type Role = "request" | "response" | "event";

/** The ways in which values of a role travel. */
export const directionsOf: Readonly<Record<Role, readonly Direction[]>> = {
  request: ["request"],
  response: ["response"],
  event: ["event-live", "event-replay"],
};

/** What a change costs by role, with an example and the way out where it breaks somebody. */
export interface Rule {
  readonly title: string;
  readonly request?: Step;
  readonly response?: Step;
  readonly event?: Step;
  /** What it costs where nothing travels: operations, paths, keys. */
  readonly declaration?: Step;
  /** From what to what. */
  readonly example: string;
  readonly wayOut?: string;
}

const newMajor = "publish a new major version with a converter, and let the old one live until nobody uses it";
const expand = "add a new optional field beside the old one, move everybody over, then drop the old one";
const openIt = "publish the set as open first (`openEnum`, or a variant that takes what is unknown)";

/** Every rule that a finding may name. */
export const rules: Readonly<Record<RuleId, Rule>> = {
  "property-added-optional": {
    title: "An optional field is added",
    request: "minor",
    response: "minor",
    event: "minor",
    example: "`{}` to `{ note?: string }`",
  },
  "property-added-with-default": {
    title: "A field with a default is added",
    request: "minor",
    response: "minor",
    event: "minor",
    example: "`{}` to `{ quantity: integer = 1 }`",
  },
  "property-added-required": {
    title: "A required field is added",
    request: "major",
    response: "minor",
    event: "major",
    example: "`{}` to `{ sku: string }`",
    wayOut: `give the field a default, or make it optional; otherwise ${newMajor}`,
  },
  "property-removed-optional": {
    title: "An optional field is removed that was not deprecated",
    request: "major",
    response: "major",
    event: "major",
    example: "`{ note?: string }` to `{}`",
    wayOut: "say `deprecated: true` of the field in a version before, and remove it from answers and events afterwards",
  },
  "property-removed-deprecated": {
    title: "An optional field is removed after it was deprecated; its name stays reserved",
    request: "major",
    response: "minor",
    event: "minor",
    example: "`{ note?: string (deprecated) }` to `{}`",
    wayOut: `servers refuse fields that they do not know: keep it and ignore it, or ${newMajor}`,
  },
  "property-removed-required": {
    title: "A required field is removed",
    request: "major",
    response: "major",
    event: "major",
    example: "`{ sku: string }` to `{}`",
    wayOut: `keep the field; otherwise ${newMajor}`,
  },
  "property-became-optional": {
    title: "A required field becomes optional",
    request: "minor",
    response: "major",
    event: "major",
    example: "`{ sku: string }` to `{ sku?: string }`",
    wayOut: `give the field a default, so that it is always there; otherwise ${newMajor}`,
  },
  "property-became-required": {
    title: "An optional field becomes required",
    request: "major",
    response: "minor",
    event: "major",
    example: "`{ sku?: string }` to `{ sku: string }`",
    wayOut: `give the field a default instead; otherwise ${newMajor}`,
  },
  "property-gained-default": {
    title: "A required field becomes one with a default",
    request: "minor",
    response: "minor",
    event: "minor",
    example: "`{ quantity: integer }` to `{ quantity: integer = 1 }`",
  },
  "property-lost-default": {
    title: "A field with a default becomes required",
    request: "major",
    response: "minor",
    event: "minor",
    example: "`{ quantity: integer = 1 }` to `{ quantity: integer }`",
    wayOut: `keep the default; otherwise ${newMajor}`,
  },
  "default-changed": {
    title: "The default of an optional field changes, comes or goes",
    request: "minor",
    response: "minor",
    event: "minor",
    example: "`{ quantity: integer = 1 }` to `{ quantity: integer = 2 }`",
  },
  "type-widened": bothWays("A type takes more", "minor", "major", "`integer` to `number`"),
  "type-narrowed": bothWays("A type takes less", "major", "minor", "`number` to `integer`"),
  "type-changed": bothWays("A type becomes another one", "major", "major", "`string` to `integer`"),
  "null-allowed": bothWays("Null is newly allowed", "minor", "major", "`string` to `string | null`"),
  "null-refused": bothWays("Null is not allowed any more", "major", "minor", "`string | null` to `string`"),
  "bound-widened": bothWays("A bound or length takes more", "minor", "major", "`maxLength: 10` to `maxLength: 20`"),
  "bound-narrowed": bothWays("A bound or length takes less", "major", "minor", "`maxLength: 20` to `maxLength: 10`"),
  "bound-changed": bothWays("Bounds move", "major", "major", "`1 to 5` to `2 to 6`"),
  "format-widened": bothWays("A format or pattern goes, or takes more", "minor", "major", "`uuid` to any string"),
  "format-narrowed": bothWays("A format or pattern comes, or takes less", "major", "minor", "any string to `uuid`"),
  "format-changed": bothWays("A format or pattern becomes another one", "major", "major", "`uuid` to `email`"),
  "enum-value-added": {
    ...bothWays("A closed enum gains a value", "minor", "major", "`a | b` to `a | b | c`"),
    wayOut: `${openIt}; otherwise ${newMajor}`,
  },
  "enum-value-removed": {
    title: "A closed enum loses a value",
    request: "major",
    response: "minor",
    event: "major",
    example: "`a | b` to `a`",
    wayOut: `keep the value and stop writing it; otherwise ${newMajor}`,
  },
  "open-enum-value-added": {
    title: "An open enum names a further value",
    request: "minor",
    response: "minor",
    event: "minor",
    example: '`openEnum("a")` to `openEnum("a", "b")`',
  },
  "open-enum-value-removed": {
    title: "An open enum does not name a value any more",
    request: "minor",
    response: "minor",
    event: "minor",
    example: '`openEnum("a", "b")` to `openEnum("a")`',
  },
  "union-variant-added": {
    ...bothWays("A closed union gains a variant", "minor", "major", "`card | cash` to `card | cash | voucher`"),
    wayOut: `${openIt}; otherwise ${newMajor}`,
  },
  "union-variant-removed": bothWays("A union loses a variant", "major", "minor", "`card | cash` to `card`"),
  "open-union-variant-added": {
    title: "An open union names a further variant",
    request: "minor",
    response: "minor",
    event: "minor",
    example: "`card | { kind: string }` to `card | cash | { kind: string }`",
  },
  "rule-widened": bothWays(
    "Other rules take more",
    "minor",
    "major",
    "without `uniqueItems`, `not`, `dependentRequired`",
  ),
  "rule-narrowed": bothWays(
    "Other rules take less",
    "major",
    "minor",
    "with `uniqueItems`, `not`, `dependentRequired`",
  ),
  "rule-changed": bothWays("Other rules change", "major", "major", "`not: a` to `not: b`"),
  "unknown-fields-allowed": {
    title: "Fields that the contract does not name are allowed",
    request: "minor",
    response: "minor",
    event: "minor",
    example: "`z.object` to `z.looseObject`",
  },
  "unknown-fields-refused": {
    title: "Fields that the contract does not name are not allowed any more",
    request: "major",
    response: "minor",
    event: "minor",
    example: "`z.looseObject` to `z.object`",
    wayOut: newMajor,
  },
  "content-changed": bothWays("What a string contains changes", "major", "major", "`base64` to `base16`"),
  rewritten: bothWays("The same is said in other words", "patch", "patch", "`const: a` to `enum: [a]`"),
  "annotation-changed": {
    title: "Title, description, examples or deprecation change",
    request: "patch",
    response: "patch",
    event: "patch",
    example: "another `description`",
  },
  incompatible: {
    ...bothWays("A value is refused, for a reason that no other rule names", "major", "major", "found by a value"),
    wayOut: newMajor,
  },
  undecided: {
    ...bothWays("Whether values are refused cannot be decided", "major", "major", "patterns with look-around"),
    wayOut: `say the same in simpler words; otherwise ${newMajor}`,
  },
  "operation-added": declared("An operation is added", "minor", "`{}` to `{ reserve }`"),
  "operation-removed": declared("An operation is removed", "major", "`{ reserve }` to `{}`"),
  "operation-kind-changed": declared(
    "A query becomes a command, or a command a query",
    "major",
    "`query` to `command`",
  ),
  "method-changed": declared("An operation has another method", "major", "`POST` to `PUT`"),
  "path-changed": declared("An operation has another path", "major", "`/orders` to `/purchases`"),
  "access-opened": declared("More people may call from outside", "minor", "`signed-in` to `anyone`"),
  "access-narrowed": declared("Fewer people may call from outside", "major", "`anyone` to `signed-in`"),
  "refusal-added": declared("An operation may refuse in a new way", "major", "`{}` to `{ OutOfStock }`"),
  "refusal-removed": declared("An operation does not refuse in a way any more", "minor", "`{ OutOfStock }` to `{}`"),
  "batch-added": declared("A query says that it answers for many keys at once", "minor", "`{}` to `batch: { … }`"),
  "batch-removed": declared("A query does not answer for many keys any more", "major", "`batch: { … }` to `{}`"),
  "batch-changed": declared("A query answers for many keys in another way", "major", "`key: a` to `key: b`"),
  "pages-added": declared("A query says that it answers page by page", "minor", "`{}` to `pages: { … }`"),
  "pages-removed": declared("A query does not answer page by page any more", "major", "`pages: { … }` to `{}`"),
  "pages-changed": declared("A query answers page by page in another way", "major", "`next: a` to `next: b`"),
  "key-changed": declared("Events are ordered by another field", "major", "`orderId` to `sku`"),
};

/** What a rule costs a role; `declaration` for what does not travel. */
export function stepOf(rule: RuleId, role: Role | "declaration"): Step {
  return rules[rule][role] ?? "none";
}

/** The rule of a kind that names an effect. */
export function ruleOfEffect(kind: "type" | "bound" | "format" | "rule", effect: Effect): RuleId {
  if (effect === "same") return "rewritten";
  return effect === "undecided" ? "undecided" : `${kind}-${effect}`;
}

/** A rule that costs callers and readers of answers each their step; events go both ways, so they cost the larger. */
function bothWays(title: string, request: Step, response: Step, example: string): Rule {
  const event = request === "major" || response === "major" ? "major" : request;
  return { title, request, response, event, example, wayOut: `${expand}; otherwise ${newMajor}` };
}

function declared(title: string, declaration: Step, example: string): Rule {
  return { title, declaration, example, ...(declaration === "major" ? { wayOut: newMajor } : {}) };
}
