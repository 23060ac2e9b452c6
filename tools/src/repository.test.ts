import { expect, test } from "vitest";
import { layers } from "../../architecture.ts";
import { readRepository } from "./repository.ts";
import { type Rule, report } from "./rule.ts";
import { errorCodes } from "./rules/error-codes.ts";
import { exportAll } from "./rules/export-all.ts";
import { generated } from "./rules/generated.ts";
import { importCircles } from "./rules/import-circles.ts";
import { imports } from "./rules/imports.ts";
import { links } from "./rules/links.ts";
import { looseEnds } from "./rules/loose-ends.ts";
import { manifests } from "./rules/manifests.ts";
import { names } from "./rules/names.ts";
import { sizes } from "./rules/sizes.ts";
import { snippets } from "./rules/snippets.ts";
import { sqlSplices } from "./rules/sql-splices.ts";
import { tests } from "./rules/tests.ts";
import { words } from "./rules/words.ts";

const rules: Readonly<Record<string, Rule>> = {
  "manifests agree with the architecture": manifests(layers),
  "imports go down, through front doors": imports(layers),
  "an index names each export": exportAll,
  "files do not import each other in circles": importCircles,
  "names are kebab-case and no drawers": names,
  "files and functions are small": sizes,
  "tests all run, and never sleep": tests,
  "comments hold no loose ends": looseEnds,
  "values are not spliced into SQL": sqlSplices,
  "error codes have a page and a test": errorCodes,
  "links lead somewhere": links,
  "snippets come from tested files": snippets,
  "generated documentation is up to date": generated(layers),
  "the repository speaks of the product alone": words,
};

const repository = await readRepository();

test.each(Object.entries(rules))("%s", (_, rule) => {
  expect(`\n${report(rule(repository))}`).toBe("\n");
});
