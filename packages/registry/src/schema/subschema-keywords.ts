/** Where a JSON Schema has schemas inside, in drafts 04 to 2020-12: one, several in a list, or several by name. */
export const subschemaKeywords = {
  one: [
    "additionalProperties",
    "unevaluatedProperties",
    "propertyNames",
    "items",
    "additionalItems",
    "unevaluatedItems",
    "contains",
    "not",
    "if",
    "then",
    "else",
  ],
  list: ["items", "prefixItems", "allOf", "anyOf", "oneOf"],
  named: ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"],
} as const;
