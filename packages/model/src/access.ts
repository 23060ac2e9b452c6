import type { Problem } from "./problems.ts";

/**
 * Who may come from outside, through the gateway: `anyone`, also without a token; `signed-in`, whoever has proven who
 * they are; any other text is a permission that the token must hold, such as `orders.write`.
 */
export type Access = "anyone" | "signed-in" | (string & Record<never, never>);

/** Characters of a scope that are plain in every language and header; a narrower choice than RFC 6749, section 3.3. */
const permission = /^[A-Za-z0-9](?:[A-Za-z0-9._:/-]{0,98}[A-Za-z0-9])?$/;

/** What is wrong with the access of an operation, if anything. */
export function accessProblems(access: unknown, place: string): readonly Problem[] {
  if (access === undefined || (typeof access === "string" && permission.test(access))) return [];
  return [
    {
      place,
      problem: `${JSON.stringify(access)} is nobody: write "anyone", "signed-in", or a permission such as "orders.write" (letters, digits and . _ : / - in at most 100 characters)`,
    },
  ];
}
