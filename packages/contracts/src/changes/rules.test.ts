import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ruleTable } from "../../test/rule-table.ts";

const page = join(import.meta.dirname, "../../../../docs/compatibility.md");

test("the page about compatibility lists the rules as they are (vitest -u writes it)", async () => {
  const text = await readFile(page, "utf8");
  const [before = "", after = ""] = text.split(/(?<=<!-- rules -->\n)[\s\S]*(?=<!-- end of the rules -->)/);
  await expect(`${before}\n${ruleTable()}\n\n${after}`).toMatchFileSnapshot(page);
});
