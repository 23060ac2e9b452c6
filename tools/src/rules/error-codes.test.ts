import { expect, test } from "vitest";
import { sourceTree } from "../source-tree.ts";
import { errorCodes } from "./error-codes.ts";

test("codes without page or test, pages without code, and codes elsewhere are reported", () => {
  const wrong = sourceTree({
    "packages/x/src/errors.ts": [
      "const codes: Codes = {",
      "  PORT_IN_USE: details<{ port: number }>(),",
      "  DISK_FULL: details(),",
      "} as const;",
      "export const errors = defineErrors(codes);",
      "export const more = defineErrors({ TIDE_HIGH: details() });",
    ].join("\n"),
    "packages/x/src/port.ts": "const errors = defineErrors({ PORT_CLOSED: details() });",
    "packages/x/src/port.test.ts": 'expect(error.code).toBe("PORT_IN_USE");\nexpect(more.code).toBe("TIDE_HIGH");',
    "packages/y/src/errors.ts": "export const errors = defineErrors({ PORT_IN_USE: details() });",
    "docs/errors/README.md": "# Errors",
    "docs/errors/PORT_IN_USE.md": "# PORT_IN_USE\n\nSomebody else listens there.\n",
    "docs/errors/TIDE_HIGH.md": "# High tide\n",
    "docs/errors/DIKE_BROKEN.md": "# DIKE_BROKEN\n",
  });
  expect(errorCodes(wrong)).toEqual([
    problem("packages/x/src/errors.ts", 3, "DISK_FULL has no page. Write docs/errors/DISK_FULL.md"),
    problem("packages/x/src/errors.ts", 3, "DISK_FULL is in no test."),
    problem(
      "packages/x/src/errors.ts",
      6,
      'TIDE_HIGH has a page with another heading. Begin docs/errors/TIDE_HIGH.md with "# TIDE_HIGH".',
    ),
    problem("packages/y/src/errors.ts", 1, "PORT_IN_USE is declared before, in packages/x/src/errors.ts."),
    { path: "docs/errors/DIKE_BROKEN.md", message: expect.stringContaining("is a page without a code.") },
    problem("packages/x/src/port.ts", 1, "declares error codes."),
  ]);
});

function problem(path: string, line: number, message: string): object {
  return { path, line, message: expect.stringContaining(message) };
}
